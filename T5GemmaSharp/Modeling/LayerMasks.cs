using T5GemmaSharp.Configuration;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>The mask that each kind of layer adds or applies, [1 or B, 1 or H, T, K]; null where everything may be seen.</summary>
internal readonly record struct LayerMasks(Tensor? Full, Tensor? Sliding)
{
    internal Tensor? For(LayerType type) => type == LayerType.FullAttention ? Full : Sliding;
}
