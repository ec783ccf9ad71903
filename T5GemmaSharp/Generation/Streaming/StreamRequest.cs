namespace T5GemmaSharp.Generation.Streaming;

/// <summary>What to stream: one source, one result. Plain values only, so that it can come from any thread.</summary>
public sealed record StreamRequest
{
    /// <summary>Source ids; null when <see cref="Source"/> is given.</summary>
    public IReadOnlyList<int>? InputIds { get; init; }

    /// <summary>A source of one row that is encoded already. It stays the caller's and must live until the stream has ended.</summary>
    public EncodedSource? Source { get; init; }

    /// <summary>Start of the result; the start token is put in front unless it begins with it. Null: the start token alone.</summary>
    public IReadOnlyList<int>? DecoderInputIds { get; init; }

    /// <summary>Settings that replace the model's; null: none. One beam and one result only.</summary>
    public GenerationConfig? Config { get; init; }

    /// <summary>Processors, criteria, draft model, seed; null: none. The worker supplies its tokenizer.</summary>
    public GenerationControls? Controls { get; init; }

    /// <summary>Whether special tokens are left out of the text. Default true.</summary>
    public bool SkipSpecialTokens { get; init; } = true;
}
