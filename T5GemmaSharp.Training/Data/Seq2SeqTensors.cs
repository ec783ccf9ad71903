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
    /// <summary>The last hidden state of a teacher [B, T, D]; null: there is none.</summary>
    public Tensor? TeacherStates { get; init; }

    /// <summary>Kinds of the targets' examples [N]; null where nobody asks for them.</summary>
    public Tensor? Kinds { get; init; }
}
