using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>Where the weights of a decoder layer lie that a step reads.</summary>
/// <typeparam name="T">How they are stored.</typeparam>
internal sealed unsafe class LayerWeights<T>(T5GemmaDecoderLayer layer, WeightMemory memory)
    where T : unmanaged, IElement<T>
{
    /// <summary>Its place in the caches, which stays when other layers are taken out of the decoder.</summary>
    public int LayerIdx { get; } = layer.LayerIdx;

    public LayerType Kind { get; } = layer.AttentionType;

    public T* PreSelfAttn { get; } = Address(memory, layer.PreSelfAttnLayernorm.Weight);

    public T* Query { get; } = Address(memory, layer.SelfAttn.QProj.weight);

    public T* Key { get; } = Address(memory, layer.SelfAttn.KProj.weight);

    public T* Value { get; } = Address(memory, layer.SelfAttn.VProj.weight);

    public T* Output { get; } = Address(memory, layer.SelfAttn.OProj.weight);

    public T* PostSelfAttn { get; } = Address(memory, layer.PostSelfAttnLayernorm.Weight);

    public T* PreCrossAttn { get; } = Address(memory, layer.PreCrossAttnLayernorm.Weight);

    public T* CrossQuery { get; } = Address(memory, layer.CrossAttn.QProj.weight);

    public T* CrossOutput { get; } = Address(memory, layer.CrossAttn.OProj.weight);

    public T* PostCrossAttn { get; } = Address(memory, layer.PostCrossAttnLayernorm.Weight);

    public T* PreFeedforward { get; } = Address(memory, layer.PreFeedforwardLayernorm.Weight);

    public T* Gate { get; } = Address(memory, layer.Mlp.GateProj.weight);

    public T* Up { get; } = Address(memory, layer.Mlp.UpProj.weight);

    public T* Down { get; } = Address(memory, layer.Mlp.DownProj.weight);

    public T* PostFeedforward { get; } = Address(memory, layer.PostFeedforwardLayernorm.Weight);

    private static T* Address(WeightMemory memory, Tensor? weight) => (T*)memory.Hold(weight!); // every projection has a weight
}
