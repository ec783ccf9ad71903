using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Objectives;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>What a command line says about how examples are made of files.</summary>
internal sealed record ExampleRequest
{
    public required Objective Objective { get; init; }

    public required DataFileOptions Files { get; init; }

    /// <summary>Denoisers; used by <see cref="Objective.PrefixLm"/> and <see cref="Objective.Ul2"/>.</summary>
    public required string Mixture { get; init; }

    public required DenoisingOptions Denoising { get; init; }

    /// <summary>Seed of the denoisers' draws.</summary>
    public required ulong Seed { get; init; }
}
