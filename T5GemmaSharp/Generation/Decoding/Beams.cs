using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Beams of every source, in the scope of a step.</summary>
/// <param name="Sequences">Ids [B, beams, length], int64.</param>
/// <param name="Scores">[B, beams], float32.</param>
/// <param name="Indices">The row that each new token came from [B, beams, new tokens], int64.</param>
internal sealed record Beams(Tensor Sequences, Tensor Scores, Tensor Indices)
{
    /// <summary>Picks beams of each source.</summary>
    /// <param name="beams">[B, picked], int64.</param>
    public Beams Take(Tensor beams) => new(Gather(Sequences, beams), Scores.gather(1, beams), Gather(Indices, beams));

    /// <summary>Puts other beams behind these.</summary>
    public Beams Concat(Beams other) => new(
        torch.cat([Sequences, other.Sequences], dim: 1),
        torch.cat([Scores, other.Scores], dim: 1),
        torch.cat([Indices, other.Indices], dim: 1));

    private static Tensor Gather(Tensor tensor, Tensor beams)
        => tensor.gather(1, beams.unsqueeze(2).expand(-1, -1, tensor.size(2)));
}
