using T5GemmaSharp.Training.Teachers;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Data;

/// <summary>A batch of pairs as tensors, int64.</summary>
/// <param name="InputIds">Ids of the encoder [B, S].</param>
/// <param name="AttentionMask">1 for tokens, 0 for padding [B, S].</param>
/// <param name="Labels">Target ids [B, T]; -100 where there is none.</param>
/// <param name="Positions">Positions with a target, as indices of B * T [N].</param>
/// <param name="Targets">The targets there [N].</param>
public sealed record Seq2SeqTensors(Tensor InputIds, Tensor AttentionMask, Tensor Labels, Tensor Positions, Tensor Targets)
{
    /// <summary>Kinds of the targets' examples [N]; null where nobody asks for them.</summary>
    public Tensor? Kinds { get; init; }

    /// <summary>What a teacher knows of the targets; null: there is none, or it has no share.</summary>
    internal ITeacherTargets? Teacher { get; init; }
}
