using T5GemmaSharp.Quantization;
using TorchSharp;
using TorchSharp.Modules;
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
        return parts.SelectMany(part => part.modules()).Concat([.. parts, model.Model, model]).All(part => UsualModule.Is(part, Quantized(part) is null ? 0 : QuantizedLinear.HookCount))
            && Weights(model).All(part => UsualModule.HasWeight(part.Weight, device, dtype, part.Shape))
            && Matrices(model).All(HasMatrix);

        QuantizedMatrix? Quantized(nn.Module part) => part is Linear linear ? model.Quantized?.Of(linear) : null;

        bool HasMatrix((Linear Linear, long[] Shape) part) => Quantized(part.Linear) is { } matrix
            ? matrix.Values.device_type == device && (matrix.Outputs, matrix.Inputs) == (part.Shape[0], part.Shape[1])
            : UsualModule.HasWeight(part.Linear.weight, device, dtype, part.Shape);
    }

    private static IEnumerable<(Tensor? Weight, long[] Shape)> Weights(T5GemmaForConditionalGeneration model)
    {
        var (hidden, decoder) = (model.Config.Decoder.HiddenSize, model.Model.Decoder);
        yield return (decoder.EmbedTokens.weight, [model.Config.Decoder.VocabSize, hidden]);
        yield return (decoder.Norm.Weight, [hidden]);
        foreach (var layer in decoder.Layers)
        {
            foreach (var norm in new[] { layer.PreSelfAttnLayernorm, layer.PostSelfAttnLayernorm, layer.PreCrossAttnLayernorm, layer.PostCrossAttnLayernorm, layer.PreFeedforwardLayernorm, layer.PostFeedforwardLayernorm })
                yield return (norm.Weight, [hidden]);
        }
    }

    private static IEnumerable<(Linear Linear, long[] Shape)> Matrices(T5GemmaForConditionalGeneration model)
    {
        var (config, decoder) = (model.Config.Decoder, model.Model.Decoder);
        var (hidden, intermediate) = (config.HiddenSize, config.IntermediateSize);
        var (query, key) = (config.NumAttentionHeads * config.HeadDim, config.NumKeyValueHeads * config.HeadDim);
        if (model.LmHead.OutProj is { } head)
            yield return (head, [config.VocabSize, hidden]);
        foreach (var layer in decoder.Layers)
        {
            yield return (layer.SelfAttn.QProj, [query, hidden]);
            yield return (layer.SelfAttn.KProj, [key, hidden]);
            yield return (layer.SelfAttn.VProj, [key, hidden]);
            yield return (layer.SelfAttn.OProj, [hidden, query]);
            yield return (layer.CrossAttn.QProj, [query, hidden]);
            yield return (layer.CrossAttn.OProj, [hidden, query]);
            yield return (layer.Mlp.GateProj, [intermediate, hidden]);
            yield return (layer.Mlp.UpProj, [intermediate, hidden]);
            yield return (layer.Mlp.DownProj, [hidden, intermediate]);
        }
    }
}
