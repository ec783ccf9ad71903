using System.Diagnostics;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Streaming;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>A request for an answer, with checked settings.</summary>
internal sealed class GenerationWork(TimeSpan timeout, CancellationToken caller) : EngineRequest(timeout, caller)
{
    /// <summary>Source ids, at least one.</summary>
    public required IReadOnlyList<int> SourceIds { get; init; }

    /// <summary>All settings, the model's included.</summary>
    public required GenerationConfig Config { get; init; }

    /// <summary>Processors, criteria, tokenizer, seed.</summary>
    public required GenerationControls Controls { get; init; }

    /// <summary>The settings resolved.</summary>
    public required GenerationSettings Settings { get; init; }

    /// <summary>Where the answer goes.</summary>
    public required IGenerationOutput Output { get; init; }

    /// <summary>Whether special tokens are left out of the text.</summary>
    public bool SkipSpecialTokens { get; init; } = true;

    /// <summary>Id that starts the decoder.</summary>
    public long StartId => Config.DecoderStartTokenId ?? Config.BosTokenId ?? 0;

    /// <summary>Tokens of the answer so far.</summary>
    public int TokenCount { get; private set; }

    /// <summary>When the first token was there, a timestamp; null: not yet.</summary>
    public long? FirstToken { get; private set; }

    /// <summary>
    /// Whether it cannot share steps: beams, drafts, and caches of other kinds are generations of their own, which take turns with the others.
    /// </summary>
    public bool IsExclusive => Settings.NumBeams > 1 || Settings.PromptLookupNumTokens is not null || !Settings.UseCache || Settings.UseStaticCache;

    public override int InputTokens => SourceIds.Count;

    /// <summary>Why the answer ended; null: it has not, or not by itself.</summary>
    public FinishReason? FinishReason { get; private set; }

    /// <summary>Hands a token to the reader.</summary>
    public void Write(in OutputToken token)
    {
        TokenCount++;
        FirstToken ??= Stopwatch.GetTimestamp();
        FinishReason = token.FinishReason;
        Output.Write(token);
    }

    public override void Complete() => Output.Complete(error: null);

    public override void Fail(Exception error) => Output.Complete(error);
}
