using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>Addresses of a layer's weights that a step reads.</summary>
internal sealed class DecodeLayer(T5GemmaDecoderLayer layer, DecodeWeights weights)
{
    public LayerType Kind { get; } = layer.AttentionType;

    public nint PreSelfAttn { get; } = weights.Hold(layer.PreSelfAttnLayernorm.Weight);

    public DecodeMatrix Query { get; } = weights.Of(layer.SelfAttn.QProj);

    public DecodeMatrix Key { get; } = weights.Of(layer.SelfAttn.KProj);

    public DecodeMatrix Value { get; } = weights.Of(layer.SelfAttn.VProj);

    public DecodeMatrix Output { get; } = weights.Of(layer.SelfAttn.OProj);

    public nint PostSelfAttn { get; } = weights.Hold(layer.PostSelfAttnLayernorm.Weight);

    public nint PreCrossAttn { get; } = weights.Hold(layer.PreCrossAttnLayernorm.Weight);

    public DecodeMatrix CrossQuery { get; } = weights.Of(layer.CrossAttn.QProj);

    public DecodeMatrix CrossOutput { get; } = weights.Of(layer.CrossAttn.OProj);

    public nint PostCrossAttn { get; } = weights.Hold(layer.PostCrossAttnLayernorm.Weight);

    public nint PreFeedforward { get; } = weights.Hold(layer.PreFeedforwardLayernorm.Weight);

    public DecodeMatrix Gate { get; } = weights.Of(layer.Mlp.GateProj);

    public DecodeMatrix Up { get; } = weights.Of(layer.Mlp.UpProj);

    public DecodeMatrix Down { get; } = weights.Of(layer.Mlp.DownProj);

    public nint PostFeedforward { get; } = weights.Hold(layer.PostFeedforwardLayernorm.Weight);
}
