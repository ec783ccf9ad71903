using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels;

/// <summary>Whether the parts of a decoder are those of its configuration: a program may have given a module a hook, a bias or another weight.</summary>
internal static class DecoderParts
{
    /// <summary>Whether every module computes what its kind usually does, and every weight has the usual shape and lies densely in the memory of a kind of device.</summary>
    public static bool AreUsual(T5GemmaForConditionalGeneration model, DeviceType device)
    {
        var dtype = model.Model.Decoder.EmbedTokens.weight!.dtype; // an embedding has a weight
        nn.Module[] parts = [model.Model.Decoder, model.LmHead];
        return parts.SelectMany(part => part.modules()).Concat([.. parts, model.Model, model]).All(UsualModule.Is)
            && Weights(model).All(part => UsualModule.HasWeight(part.Weight, device, dtype, part.Shape));
    }

    private static IEnumerable<(Tensor? Weight, long[] Shape)> Weights(T5GemmaForConditionalGeneration model)
    {
        var (config, decoder) = (model.Config.Decoder, model.Model.Decoder);
        var (hidden, intermediate) = (config.HiddenSize, config.IntermediateSize);
        var (query, key) = (config.NumAttentionHeads * config.HeadDim, config.NumKeyValueHeads * config.HeadDim);
        yield return (decoder.EmbedTokens.weight, [config.VocabSize, hidden]);
        yield return (decoder.Norm.Weight, [hidden]);
        if (model.LmHead.OutProj is { } head)
            yield return (head.weight, [config.VocabSize, hidden]);
        foreach (var layer in decoder.Layers)
        {
            yield return (layer.SelfAttn.QProj.weight, [query, hidden]);
            yield return (layer.SelfAttn.KProj.weight, [key, hidden]);
            yield return (layer.SelfAttn.VProj.weight, [key, hidden]);
            yield return (layer.SelfAttn.OProj.weight, [hidden, query]);
            yield return (layer.CrossAttn.QProj.weight, [query, hidden]);
            yield return (layer.CrossAttn.OProj.weight, [hidden, query]);
            yield return (layer.Mlp.GateProj.weight, [intermediate, hidden]);
            yield return (layer.Mlp.UpProj.weight, [intermediate, hidden]);
            yield return (layer.Mlp.DownProj.weight, [hidden, intermediate]);
            foreach (var norm in new[] { layer.PreSelfAttnLayernorm, layer.PostSelfAttnLayernorm, layer.PreCrossAttnLayernorm, layer.PostCrossAttnLayernorm, layer.PreFeedforwardLayernorm, layer.PostFeedforwardLayernorm })
                yield return (norm.Weight, [hidden]);
        }
    }
}
