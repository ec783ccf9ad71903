using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Quantization;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Distributed.Sharding;

namespace T5GemmaSharp.Training.Generation;

/// <summary>What a command line asks <c>generate</c> to do.</summary>
internal sealed record GenerationRequest
{
    /// <summary>Folder of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Folder of a LoRA or DoRA adapter of the model; null: none.</summary>
    public string? Adapter { get; init; }

    public required string Device { get; init; }

    public required string DType { get; init; }

    /// <summary>How the decoder's matrices are stored; null: as the folder has them.</summary>
    public WeightQuantization? Quantization { get; init; }

    /// <summary>Texts of the command line; none: they come from <see cref="File"/> or else from standard input.</summary>
    public required IReadOnlyList<string> Texts { get; init; }

    public string? File { get; init; }

    /// <summary>Work on a part of the rows of files; null: on the texts, <see cref="File"/> or standard input.</summary>
    public ShardRequest? Shard { get; init; }

    /// <summary>Whether lines are JSON.</summary>
    public bool ReadsJson { get; init; }

    /// <summary>File of the answers; null: standard output.</summary>
    public string? Out { get; init; }

    public bool WritesJson { get; init; }

    /// <summary>Whether answers are written while they grow; null: where that <see cref="SuitsTerminal"/> and there is one.</summary>
    public bool? Streams { get; init; }

    /// <summary>Whether a person at a terminal is served best by an answer that grows.</summary>
    public bool SuitsTerminal => Texts.Count == 1 && !WritesJson && Out is null;

    public bool IsChat { get; init; }

    public bool ParseSpecial { get; init; }

    public bool SkipSpecialTokens { get; init; }

    public string? DecoderPrompt { get; init; }

    /// <summary>Most texts a batch.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Whether texts of like length come together.</summary>
    public bool Sort { get; init; }

    public long? Seed { get; init; }

    /// <summary>Folder of a draft model; null: none.</summary>
    public string? AssistantModel { get; init; }

    /// <summary>Whether standard error tells who computes the decoder's steps.</summary>
    public bool IsVerbose { get; init; }

    /// <summary>Settings that replace the model's.</summary>
    public required GenerationConfig Config { get; init; }

    /// <summary>What the answers may be, once the tokenizer is known; null: everything.</summary>
    public Func<T5GemmaTokenizer, TokenConstraint>? Constraint { get; init; }

    /// <summary>Texts that do not occur in an answer.</summary>
    public required IReadOnlyList<string> BadWords { get; init; }
}
