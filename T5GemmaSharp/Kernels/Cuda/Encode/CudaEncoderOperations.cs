using T5GemmaSharp.Interop.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Encode;

/// <summary>The operations as kernels of <c>encoder.cu</c> on torch's stream. Tensors are dense, and bf16 where nothing else is said.</summary>
/// <param name="kernels">The kernels of the encoder.</param>
/// <param name="device">The device.</param>
internal sealed class CudaEncoderOperations(EncoderKernels kernels, Device device) : IEncoderOperations
{
    private const int Threads = 256;

    private const int WordBits = 32;

    private const int MaskAlignment = 64; // the largest tile

    private readonly nint _stream = TorchStream.Current(device);

    private T5GemmaModuleConfig Config => kernels.Shape.Config;

    public Tensor Mask(Tensor? real, long batch, long length)
    {
        using var scope = NewDisposeScope();
        var words = Divide(length, MaskAlignment) * MaskAlignment / WordBits;
        var mask = torch.empty([batch, words], dtype: ScalarType.Int32, device: device);
        var dense = real?.contiguous();
        kernels.PackMask.Launch(_stream, new LaunchShape((int)Divide(words, Threads / WordBits), (int)batch, Threads), new MaskArguments
        {
            Real = dense is null ? 0 : TensorMemory.Pointer(dense),
            Words = TensorMemory.Pointer(mask),
            Length = (int)length,
            WordsPerRow = (int)words,
        });
        return scope.MoveToOuter(mask);
    }

    public void Normalize((Tensor States, Tensor PostNorm)? update, Tensor hidden, Tensor preNorm, Tensor normalized)
        => kernels.AddAndNormalize.Launch(_stream, new LaunchShape((int)hidden.size(0), 1, kernels.Shape.NormThreads), new NormArguments
        {
            Updates = update is null ? 0 : TensorMemory.Pointer(update.Value.States),
            Post = update is null ? 0 : TensorMemory.Pointer(update.Value.PostNorm),
            Hidden = TensorMemory.Pointer(hidden),
            Pre = TensorMemory.Pointer(preNorm),
            Outputs = TensorMemory.Pointer(normalized),
        });

    public void Rotate(Tensor queries, Tensor keys, Tensor cos, Tensor sin)
        => kernels.Rotate.Launch(_stream, new LaunchShape((int)queries.size(0), 1, Threads), new RotationArguments
        {
            Queries = TensorMemory.Pointer(queries),
            Keys = TensorMemory.Pointer(keys),
            Cosines = TensorMemory.Pointer(cos),
            Sines = TensorMemory.Pointer(sin),
            Length = (int)cos.size(1),
            HasTables = cos.size(0) > 1 ? 1 : 0,
        });

    public void Attend(Tensor queries, Tensor keys, Tensor values, Tensor mask, long length, long? window)
    {
        var heads = (int)(queries.size(0) / length * Config.NumAttentionHeads);
        var shape = new LaunchShape((int)Divide(length, EncoderShape.Queries), heads, EncoderShape.AttentionThreads) { SharedBytes = kernels.Shape.SharedBytes };
        kernels.Attend.Launch(_stream, shape, new TileAttentionArguments
        {
            Queries = TensorMemory.Pointer(queries),
            Keys = TensorMemory.Pointer(keys),
            Values = TensorMemory.Pointer(values),
            Real = TensorMemory.Pointer(mask),
            Length = (int)length,
            WordsPerRow = (int)mask.size(1),
            Window = (int)(window ?? 0),
        });
    }

    public void Gate(Tensor gates, Tensor values)
    {
        var count = gates.numel() / 8;
        kernels.Gate.Launch(_stream, new LaunchShape((int)Divide(count, Threads), 1, Threads), new GateArguments
        {
            Gates = TensorMemory.Pointer(gates),
            Values = TensorMemory.Pointer(values),
            Count = count,
        });
    }

    private static long Divide(long number, long divisor) => (number + divisor - 1) / divisor;
}
