using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Recipes.G2p;

namespace T5GemmaSharp.Training.Commands.Train;

/// <summary>What a command line asks <c>train</c> to do without files.</summary>
internal sealed record G2pTrainingRequest
{
    public required RunRequest Run { get; init; }

    public required string Device { get; init; }

    public required G2pModelOptions Model { get; init; }

    public required TrainingOptions Training { get; init; }

    public required TokenLossOptions Loss { get; init; }
}
