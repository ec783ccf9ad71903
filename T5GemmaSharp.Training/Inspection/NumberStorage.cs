using T5GemmaSharp.Kernels.Cuda.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Inspection;

/// <summary>How a model's numbers are stored while it is trained.</summary>
/// <param name="Size">Bytes of a number.</param>
/// <param name="IsOnCuda">Whether they are on a CUDA device, whose operators keep less.</param>
/// <param name="HasKernels">Whether the kernels of training compute attention, norms and loss, which keep still less.</param>
internal readonly record struct NumberStorage(long Size, bool IsOnCuda, bool HasKernels = false)
{
    /// <summary>Whether a norm is one operator, which keeps its input only.</summary>
    public bool HasFusedNorm => IsOnCuda;

    /// <summary>Bytes of an element of dropout's mask.</summary>
    public long MaskSize => IsOnCuda ? 1 : Size;

    /// <summary>Looks at the parameters of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="config">Its configuration.</param>
    public static NumberStorage Of(nn.Module model, T5GemmaConfig config)
    {
        var largest = model.parameters().MaxBy(parameter => parameter.numel())!; // an adapter beside it may have another dtype; a model has parameters
        return new NumberStorage(largest.ElementSize, largest.device_type == DeviceType.CUDA, FusedAttention.Refusal(largest, config.IsEncoderDecoder ? config.Decoder : config.Encoder) is null);
    }
}
