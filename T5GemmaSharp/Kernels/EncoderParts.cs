using T5GemmaSharp.Modeling;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels;

/// <summary>Whether the parts of an encoder are those of its configuration: a program may have given a module a hook, a bias or another weight.</summary>
internal static class EncoderParts
{
    /// <summary>Whether every module computes what its kind usually does, and every weight has the usual shape and lies densely in the memory of a CUDA device.</summary>
    public static bool AreUsual(T5GemmaEncoder encoder, T5GemmaModuleConfig config)
    {
        nn.Module[] own = [encoder, encoder.EmbedTokens, encoder.Norm, encoder.Layers, encoder.Dropout, encoder.RotaryEmb];
        var dtype = encoder.EmbedTokens.weight!.dtype; // an embedding has a weight
        return Array.TrueForAll(own, module => UsualModule.Is(module))
            && Has(encoder.EmbedTokens.weight, [config.VocabSize, config.HiddenSize]) && Has(encoder.Norm.Weight, [config.HiddenSize])
            && encoder.Layers.All(IsUsual);

        bool IsUsual(T5GemmaEncoderLayer layer)
        {
            var (attention, mlp) = (layer.SelfAttn, layer.Mlp);
            T5GemmaRMSNorm[] norms = [layer.PreSelfAttnLayernorm, layer.PostSelfAttnLayernorm, layer.PreFeedforwardLayernorm, layer.PostFeedforwardLayernorm];
            nn.Module[] modules =
            [
                layer, attention, attention.QProj, attention.KProj, attention.VProj, attention.OProj, mlp, mlp.GateProj, mlp.UpProj, mlp.DownProj, mlp.Dropout, layer.Dropout, .. norms,
            ];
            var (hidden, intermediate) = (config.HiddenSize, config.IntermediateSize);
            var (query, key) = (config.NumAttentionHeads * config.HeadDim, config.NumKeyValueHeads * config.HeadDim);
            return Array.TrueForAll(modules, module => UsualModule.Is(module))
                && Has(attention.QProj.weight, [query, hidden]) && Has(attention.KProj.weight, [key, hidden]) && Has(attention.VProj.weight, [key, hidden])
                && Has(attention.OProj.weight, [hidden, query])
                && Has(mlp.GateProj.weight, [intermediate, hidden]) && Has(mlp.UpProj.weight, [intermediate, hidden]) && Has(mlp.DownProj.weight, [hidden, intermediate])
                && Array.TrueForAll(norms, norm => Has(norm.Weight, [hidden]));
        }

        bool Has(Tensor? weight, ReadOnlySpan<long> shape) => UsualModule.HasWeight(weight, DeviceType.CUDA, dtype, shape);
    }
}
