using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Rotates queries and keys by their positions.</summary>
/// <remarks>HF: <c>apply_rotary_pos_emb</c> and <c>rotate_half</c>; the two halves of a head are paired, not neighbouring elements.</remarks>
internal static class RotaryPositionEmbedding
{
    /// <summary>Returns x * cos + rotate_half(x) * sin.</summary>
    /// <param name="states">[B, H, T, E].</param>
    /// <param name="cos">[1 or B, 1, T, E].</param>
    /// <param name="sin">[1 or B, 1, T, E].</param>
    internal static Tensor Apply(Tensor states, Tensor cos, Tensor sin)
    {
        using var scope = NewDisposeScope();
        var halves = states.chunk(2, dim: -1);
        var rotated = torch.cat([-halves[1], halves[0]], dim: -1);
        return scope.MoveToOuter(states * cos + rotated * sin);
    }
}
