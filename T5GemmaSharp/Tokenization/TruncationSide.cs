namespace T5GemmaSharp.Tokenization;

/// <summary>The side of a text that is cut when it is too long.</summary>
public enum TruncationSide
{
    /// <summary>The text loses its end.</summary>
    Right,

    /// <summary>The text loses its beginning.</summary>
    Left,
}
