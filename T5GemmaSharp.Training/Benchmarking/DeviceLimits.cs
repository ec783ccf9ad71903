using T5GemmaSharp.Interop;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>What a device can do at most, measured in the run that is compared with it.</summary>
/// <param name="CopyBytesPerSecond">Bytes that a large copy within the device reads and writes.</param>
/// <param name="MatmulFlops">Operations per second of a product of large bfloat16 matrices.</param>
internal readonly record struct DeviceLimits(double CopyBytesPerSecond, double MatmulFlops)
{
    private const long CopySize = 1L << 30;
    private const long MatrixSize = 8192;
    private const int Repeats = 20;

    /// <summary>Measures a CUDA device.</summary>
    /// <returns>Null where its memory is too full for that.</returns>
    public static DeviceLimits? Measure(Device device)
    {
        try
        {
            using var scope = NewDisposeScope();
            using var noGrad = torch.no_grad();
            return new DeviceLimits(2 * CopySize / Copy(device), 2 * Math.Pow(MatrixSize, 3) / Multiply(device));
        }
        catch (Exception exception) when (OutOfMemory.IsIn(exception))
        {
            return null;
        }
    }

    private static double Copy(Device device)
    {
        using var from = torch.zeros([CopySize], dtype: ScalarType.Byte, device: device);
        using var to = torch.empty_like(from);
        return Seconds(device, () => to.copy_(from));
    }

    private static double Multiply(Device device)
    {
        using var left = torch.randn([MatrixSize, MatrixSize], dtype: ScalarType.BFloat16, device: device);
        using var right = torch.randn([MatrixSize, MatrixSize], dtype: ScalarType.BFloat16, device: device);
        return Seconds(device, () => left.mm(right).Dispose());
    }

    private static double Seconds(Device device, Action work)
    {
        work();
        return new Stopclock(device).Seconds(() =>
        {
            for (var repeat = 0; repeat < Repeats; repeat++)
                work();
        }) / Repeats;
    }
}
