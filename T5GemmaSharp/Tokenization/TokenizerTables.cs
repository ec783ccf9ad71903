namespace T5GemmaSharp.Tokenization;

/// <summary>What a tokenizer file says, checked, and independent of the file's format.</summary>
internal sealed class TokenizerTables
{
    /// <summary>Piece of each id.</summary>
    public required IReadOnlyList<string> Pieces { get; init; }

    /// <summary>Id of each piece.</summary>
    public required IReadOnlyDictionary<string, int> Ids { get; init; }

    /// <summary>Tokens that are cut out of the raw text.</summary>
    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>Merges in order of rank: ids of left part, right part and product.</summary>
    public required IReadOnlyList<(int Left, int Right, int Product)> Merges { get; init; }

    /// <summary>Id that stands for each byte of a character that has no piece.</summary>
    public required IReadOnlyList<int> ByteIds { get; init; }

    /// <summary>Tokens that the post-processor puts before the text.</summary>
    public required IReadOnlyList<string> TemplatePrefix { get; init; }

    /// <summary>Tokens that the post-processor puts after the text.</summary>
    public required IReadOnlyList<string> TemplateSuffix { get; init; }
}
