using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Recipes.G2p;

namespace T5GemmaSharp.Training.Commands;

/// <summary>What a command line asks <c>train</c> to do.</summary>
internal sealed record G2pTrainingRequest
{
    public string? Out { get; init; }

    /// <summary>Folder of a run to go on with; null: a new run.</summary>
    public string? Resume { get; init; }

    /// <summary>Whether a run may go on with other settings than it began with.</summary>
    public bool ResumesInAnyCase { get; init; }

    /// <summary>Checkpoints to keep; null: all.</summary>
    public int? CheckpointLimit { get; init; }

    public required string Device { get; init; }

    public required G2pModelOptions Model { get; init; }

    public required TrainingOptions Training { get; init; }

    public required TokenLossOptions Loss { get; init; }
}
