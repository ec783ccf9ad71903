using T5GemmaSharp.Interop;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed;

/// <summary>Checks what is given to a collective operation, and says where it lies.</summary>
internal static class CollectiveTensors
{
    private static readonly ScalarType[] Sums = [ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16, ScalarType.Int64];

    /// <summary>Demands a tensor that engines can add up.</summary>
    public static void CheckSum(this ICollectives ranks, Tensor tensor, string name)
    {
        ranks.Check(tensor, name);
        if (!Sums.Contains(tensor.dtype))
            throw new ArgumentException($"{name}: expected {string.Join(", ", Sums)}, got {tensor.dtype}", name);
    }

    /// <summary>Demands a tensor that engines can move.</summary>
    public static void Check(this ICollectives ranks, Tensor tensor, string name)
    {
        ArgumentNullException.ThrowIfNull(tensor, name);
        if (tensor.dtype != ScalarType.Byte && !Sums.Contains(tensor.dtype))
            throw new ArgumentException($"{name}: expected {string.Join(", ", Sums.Append(ScalarType.Byte))}, got {tensor.dtype}", name);
        if (tensor.device_type != ranks.Device.type)
            throw new ArgumentException($"{name}: expected a tensor on {ranks.Device} for {ranks.Engine}, got one on {tensor.device}", name);
        if (!tensor.is_contiguous())
            throw new ArgumentException($"{name}: expected a contiguous tensor, got strides [{string.Join(", ", tensor.stride())}] of [{string.Join(", ", tensor.shape)}]", name);
        if (tensor.numel() > int.MaxValue)
            throw new ArgumentException($"{name}: expected at most {int.MaxValue} elements, got {tensor.numel()}", name);
    }

    /// <summary>Demands that one tensor has a stretch of another for each rank.</summary>
    public static void CheckStretches(this ICollectives ranks, Tensor whole, Tensor stretch)
    {
        if (whole.dtype != stretch.dtype || whole.numel() != ranks.World * stretch.numel())
            throw new ArgumentException($"expected {ranks.World} times {stretch.numel()} elements of {stretch.dtype}, one stretch a rank, got {whole.numel()} of {whole.dtype}", nameof(whole));
    }

    /// <summary>Demands a rank that there is.</summary>
    public static void CheckRoot(this ICollectives ranks, int root)
    {
        if (root < 0 || root >= ranks.World)
            throw new ArgumentException($"root: expected 0 to {ranks.World - 1}, got {root}", nameof(root));
    }

    /// <summary>Address of a tensor's first element.</summary>
    public static nint Address(Tensor tensor)
        => (StableAbi.Instance ?? throw new NotSupportedException($"libtorch {torch.__version__} or newer is needed for several ranks, this one has no stable C interface")).DataPointer(tensor);
}
