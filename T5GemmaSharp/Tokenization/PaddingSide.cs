namespace T5GemmaSharp.Tokenization;

/// <summary>The side of a row that padding fills.</summary>
public enum PaddingSide
{
    /// <summary>Padding follows the text.</summary>
    Right,

    /// <summary>Padding precedes the text.</summary>
    Left,
}
