using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Makes decoder inputs from targets.</summary>
/// <remarks>HF: <c>T5GemmaPreTrainedModel._shift_right</c>.</remarks>
internal static class ShiftRight
{
    /// <summary>Label value of positions without a target.</summary>
    internal const long IgnoreIndex = -100;

    /// <summary>Puts the start id in front, drops the last id, and turns ignored positions into padding.</summary>
    /// <param name="ids">Target ids [B, T], int64, with -100 where there is none.</param>
    /// <param name="decoder">The decoder's configuration.</param>
    /// <param name="name">What the ids are, for messages.</param>
    /// <exception cref="ArgumentException">The configuration has no start or padding id, or the shape is wrong.</exception>
    internal static Tensor Apply(Tensor ids, T5GemmaModuleConfig decoder, string name = "labels")
    {
        var start = decoder.BosTokenId ?? throw new ArgumentException("decoder.bos_token_id: needed as the first decoder id, got null");
        var pad = decoder.PadTokenId ?? throw new ArgumentException("decoder.pad_token_id: needed in place of ignored labels, got null");
        if (ids.dim() != 2 || ids.size(1) == 0 || ids.dtype != ScalarType.Int64)
            throw new ArgumentException($"{name}: expected int64 [batch, length of at least 1], got {ids.dtype} [{string.Join(", ", ids.shape)}]");
        using var scope = NewDisposeScope();
        var shifted = ids.roll(1, 1);
        shifted.select(1, 0).fill_(start);
        return scope.MoveToOuter(shifted.masked_fill_(shifted.eq(IgnoreIndex), pad));
    }
}
