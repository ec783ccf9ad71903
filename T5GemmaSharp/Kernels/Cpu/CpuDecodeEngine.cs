using System.Runtime.Intrinsics;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>
/// The decoder's step of one token a row, on the CPU: the maths of the modules in float32, without torch's operators between the layers. Reading the weights once is then
/// nearly all that a step takes.
/// </summary>
internal abstract class CpuDecodeEngine : IDisposable
{
    /// <summary>Most rows; up to here it was measured to be faster than the modules.</summary>
    public const int MaxRows = 32;

    /// <summary>
    /// Threads for a generation. Some processors stay free for other threads: one of ours that is put aside in the middle of its work holds up all. Memory is the limit long
    /// before the last processor.
    /// </summary>
    public static int DefaultThreads() => Math.Max(1, Math.Min(torch.get_num_threads(), Environment.ProcessorCount - (Environment.ProcessorCount / 4)));

    /// <summary>Makes an engine for a generation.</summary>
    /// <param name="model">The model; its weights must not change during the generation.</param>
    /// <param name="rows">Most rows of a step.</param>
    /// <param name="threads">Threads that share the work, the caller's included.</param>
    /// <param name="reason">Why the modules have to do the work; null beside an engine.</param>
    /// <returns>Null when the modules have to do the work.</returns>
    public static CpuDecodeEngine? TryCreate(T5GemmaForConditionalGeneration model, int rows, int threads, out string? reason)
    {
        reason = Refuse(model, rows);
        if (reason is not null)
            return null;
        return model.Model.Decoder.EmbedTokens.weight!.dtype == ScalarType.BFloat16 // an embedding has a weight
            ? new CpuDecodeEngine<BFloat16>(model, ScalarType.BFloat16, rows, threads)
            : new CpuDecodeEngine<Float32>(model, ScalarType.Float32, rows, threads);
    }

    /// <summary>Computes the logits of the next token and adds the present one to the cache.</summary>
    /// <param name="input">Ids [R, 1], a cache that holds all tokens before and the keys and values of cross-attention, masks, positions where rows differ.</param>
    /// <returns>[R, 1, V], float32.</returns>
    public abstract Tensor Logits(T5GemmaInputs input);

    public abstract void Dispose();

    private static string? Refuse(T5GemmaForConditionalGeneration model, int rows)
    {
        var (config, weight) = (model.Config.Decoder, model.Model.Decoder.EmbedTokens.weight!); // an embedding has a weight
        if (weight.device_type != DeviceType.CPU)
            return $"the model is on {weight.device}";
        if (model.Quantization is { } quantization)
            return $"the weights are {quantization}, which the kernels for the CPU do not read";
        if (config.AttnImplementation != AttentionImplementation.Auto)
            return $"attention {config.AttnImplementation} was asked for";
        if (config.HiddenActivation is not (HiddenActivation.GeluPytorchTanh or HiddenActivation.GeluNew or HiddenActivation.GeluFast))
            return $"hidden_activation {config.HiddenActivation} is not gelu_pytorch_tanh";
        if (weight.dtype is not (ScalarType.Float32 or ScalarType.BFloat16))
            return $"the weights are {weight.dtype}, not float32 or bfloat16";
        if (rows > MaxRows)
            return $"{rows} rows, at most {MaxRows} are supported";
        if (!Vector256.IsHardwareAccelerated)
            return "the processor has no AVX2";
        if (!TensorMemory.IsAvailable)
            return "this libtorch does not tell addresses: 2.10 or newer is needed";
        return DecoderParts.AreUsual(model, DeviceType.CPU) ? null : "a part of the decoder has a hook, a bias or another weight, or is in training";
    }
}
