using System.Runtime.Intrinsics;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Modeling.Inputs;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>
/// The decoder's step of one token a row, on the CPU: the maths of the modules in float32, without torch's operators between the layers. Reading the weights once is then
/// nearly all that a step takes.
/// </summary>
internal abstract class CpuDecodeEngine : IDisposable
{
    /// <summary>Most rows; beyond them torch's matrix products are faster.</summary>
    public const int MaxRows = 32;

    /// <summary>Makes an engine for a generation.</summary>
    /// <param name="model">The model; its weights must not change during the generation.</param>
    /// <param name="rows">Most rows of a step.</param>
    /// <returns>Null when the modules have to do the work: another device, dtype, activation or attention is asked for, or a part of the decoder is not the usual one or has a hook.</returns>
    public static CpuDecodeEngine? TryCreate(T5GemmaForConditionalGeneration model, int rows)
    {
        var config = model.Config.Decoder;
        var isUsual = config is { AttnImplementation: AttentionImplementation.Auto, AttentionBias: false }
            && config.HiddenActivation is HiddenActivation.GeluPytorchTanh or HiddenActivation.GeluNew or HiddenActivation.GeluFast;
        if (!isUsual || rows > MaxRows || model.training || !Vector256.IsHardwareAccelerated || !TensorMemory.IsAvailable || !HasUsualParts(model))
            return null;
        return model.Model.Decoder.EmbedTokens.weight!.dtype switch // an embedding has a weight
        {
            ScalarType.Float32 => new CpuDecodeEngine<Float32>(model, ScalarType.Float32, rows),
            ScalarType.BFloat16 => new CpuDecodeEngine<BFloat16>(model, ScalarType.BFloat16, rows),
            _ => null,
        };
    }

    /// <summary>Computes the logits of the next token and adds the present one to the cache.</summary>
    /// <param name="input">Ids [R, 1], a cache that holds all tokens before and the keys and values of cross-attention, masks.</param>
    /// <returns>[R, 1, V], float32.</returns>
    public abstract Tensor Logits(T5GemmaInputs input);

    public abstract void Dispose();

    // A hook wants to see what the modules compute, and another kind of projection computes something else.
    private static bool HasUsualParts(T5GemmaForConditionalGeneration model)
    {
        var dtype = model.Model.Decoder.EmbedTokens.weight!.dtype; // an embedding has a weight
        nn.Module[] parts = [model.Model.Decoder, model.LmHead];
        return parts.SelectMany(part => part.parameters()).All(weight => weight.device_type == DeviceType.CPU && weight.dtype == dtype && weight.is_contiguous())
            && parts.SelectMany(part => part.modules()).Concat([.. parts, model.Model, model]).All(module => IsUsual(module) && !ModuleHooks.Any(module));

        static bool IsUsual(nn.Module module) => module is not Linear || module.GetType() == typeof(Linear);
    }
}
