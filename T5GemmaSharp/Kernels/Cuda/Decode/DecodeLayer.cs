using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>Addresses of a layer's weights that a step reads.</summary>
internal sealed class DecodeLayer(T5GemmaDecoderLayer layer, WeightMemory memory)
{
    public LayerType Kind { get; } = layer.AttentionType;

    public nint PreSelfAttn { get; } = memory.Hold(layer.PreSelfAttnLayernorm.Weight);

    public nint Query { get; } = Address(memory, layer.SelfAttn.QProj.weight);

    public nint Key { get; } = Address(memory, layer.SelfAttn.KProj.weight);

    public nint Value { get; } = Address(memory, layer.SelfAttn.VProj.weight);

    public nint Output { get; } = Address(memory, layer.SelfAttn.OProj.weight);

    public nint PostSelfAttn { get; } = memory.Hold(layer.PostSelfAttnLayernorm.Weight);

    public nint PreCrossAttn { get; } = memory.Hold(layer.PreCrossAttnLayernorm.Weight);

    public nint CrossQuery { get; } = Address(memory, layer.CrossAttn.QProj.weight);

    public nint CrossOutput { get; } = Address(memory, layer.CrossAttn.OProj.weight);

    public nint PostCrossAttn { get; } = memory.Hold(layer.PostCrossAttnLayernorm.Weight);

    public nint PreFeedforward { get; } = memory.Hold(layer.PreFeedforwardLayernorm.Weight);

    public nint Gate { get; } = Address(memory, layer.Mlp.GateProj.weight);

    public nint Up { get; } = Address(memory, layer.Mlp.UpProj.weight);

    public nint Down { get; } = Address(memory, layer.Mlp.DownProj.weight);

    public nint PostFeedforward { get; } = memory.Hold(layer.PostFeedforwardLayernorm.Weight);

    private static nint Address(WeightMemory memory, Tensor? weight) => memory.Hold(weight!); // every projection has a weight
}
