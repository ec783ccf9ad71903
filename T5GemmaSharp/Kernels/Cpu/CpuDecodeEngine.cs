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
    /// <returns>Null when the modules have to do the work: another device, dtype, activation or attention is asked for, or a part of the decoder is not the usual one, is in training or has a hook.</returns>
    public static CpuDecodeEngine? TryCreate(T5GemmaForConditionalGeneration model, int rows, int threads)
    {
        var config = model.Config.Decoder;
        var isUsual = config.AttnImplementation == AttentionImplementation.Auto
            && config.HiddenActivation is HiddenActivation.GeluPytorchTanh or HiddenActivation.GeluNew or HiddenActivation.GeluFast;
        if (!isUsual || rows > MaxRows || !Vector256.IsHardwareAccelerated || !TensorMemory.IsAvailable || !DecoderParts.AreUsual(model, DeviceType.CPU))
            return null;
        return model.Model.Decoder.EmbedTokens.weight!.dtype switch // an embedding has a weight
        {
            ScalarType.Float32 => new CpuDecodeEngine<Float32>(model, ScalarType.Float32, rows, threads),
            ScalarType.BFloat16 => new CpuDecodeEngine<BFloat16>(model, ScalarType.BFloat16, rows, threads),
            _ => null,
        };
    }

    /// <summary>Computes the logits of the next token and adds the present one to the cache.</summary>
    /// <param name="input">Ids [R, 1], a cache that holds all tokens before and the keys and values of cross-attention, masks.</param>
    /// <returns>[R, 1, V], float32.</returns>
    public abstract Tensor Logits(T5GemmaInputs input);

    public abstract void Dispose();
}
