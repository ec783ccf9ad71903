namespace T5GemmaSharp.Tokenization;

/// <summary>How <see cref="T5GemmaTokenizer.EncodeBatch"/> lays out its rows.</summary>
public sealed record BatchEncodingOptions
{
    /// <summary>Whether bos goes in front of each text. Null (default): as the tokenizer's files say.</summary>
    public bool? AddBos { get; init; }

    /// <summary>Whether eos goes behind each text. Null (default): as the tokenizer's files say.</summary>
    public bool? AddEos { get; init; }

    /// <summary>Whether text such as <c>&lt;eos&gt;</c> becomes the special token. Default true; false for text that is not trusted.</summary>
    public bool ParseSpecial { get; init; } = true;

    /// <summary>Longest row in tokens, bos and eos included; a longer text is cut, bos and eos stay. Null (default): no limit.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Side on which a text that is too long is cut. Null (default): as the tokenizer's files say.</summary>
    public TruncationSide? TruncationSide { get; init; }

    /// <summary>Side of the padding. Null (default): as the tokenizer's files say.</summary>
    public PaddingSide? PaddingSide { get; init; }

    /// <summary>The width is rounded up to a multiple of this many tokens. Default 1.</summary>
    public int PadToMultipleOf { get; init; } = 1;

    /// <summary>Least width in tokens, for shapes that stay the same from batch to batch. Default 1.</summary>
    public int MinLength { get; init; } = 1;
}
