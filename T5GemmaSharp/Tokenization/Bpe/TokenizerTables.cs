namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>What a tokenizer file says, checked, and independent of the file's format.</summary>
internal sealed class TokenizerTables
{
    /// <summary>The vocabulary.</summary>
    public required PieceTable Pieces { get; init; }

    /// <summary>Which of the pieces stand for bytes.</summary>
    public required ByteTokens ByteTokens { get; init; }

    /// <summary>Id that stands for each byte of a character that has no piece.</summary>
    public required int[] ByteIds { get; init; }

    /// <summary>Tokens that are cut out of the raw text.</summary>
    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>Merges in order of rank.</summary>
    public required IReadOnlyList<Merge> Merges { get; init; }

    /// <summary>Tokens that the file puts before and after a text; null when the format does not say.</summary>
    public TextTemplate? Template { get; init; }
}
