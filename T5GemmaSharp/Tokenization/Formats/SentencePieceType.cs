namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>The kinds of pieces of a SentencePiece model, with the numbers of its format.</summary>
internal enum SentencePieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
