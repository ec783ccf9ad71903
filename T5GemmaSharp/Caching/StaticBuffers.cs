using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Caching;

/// <summary>Allocates and writes the buffers of the static layers.</summary>
internal static class StaticBuffers
{
    /// <summary>Zeros [B, K, capacity, E] like the states [B, K, T, E].</summary>
    internal static Tensor Allocate(Tensor states, long capacity) =>
        torch.zeros([states.size(0), states.size(1), capacity, states.size(3)], dtype: states.dtype, device: states.device);

    /// <summary>Copies states [B, K, T, E] to positions start .. start + T - 1.</summary>
    internal static void Write(Tensor buffer, Tensor states, long start)
    {
        using var target = buffer.narrow(2, start, states.size(2));
        target.copy_(states);
    }
}
