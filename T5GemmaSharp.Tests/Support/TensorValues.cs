using NUnit.Framework;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Support;

/// <summary>Reads tensors into arrays.</summary>
internal static class TensorValues
{
    /// <summary>All elements in row-major order.</summary>
    public static double[] ToDoubles(this Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.detach().cpu().to(ScalarType.Float64).contiguous().data<double>().ToArray();
    }

    /// <summary>All integers in row-major order.</summary>
    public static long[] ToLongs(this Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.cpu().to(ScalarType.Int64).contiguous().data<long>().ToArray();
    }

    /// <summary>Whether no element is NaN or infinite.</summary>
    public static bool IsFinite(this Tensor tensor) => tensor.ToDoubles().All(double.IsFinite);

    /// <summary>Euclidean distance relative to the expected length.</summary>
    public static double RelativeDistance(this Tensor actual, Tensor expected)
    {
        var (left, right) = (actual.ToDoubles(), expected.ToDoubles());
        var distance = Math.Sqrt(left.Zip(right, (a, b) => (a - b) * (a - b)).Sum() / right.Sum(b => b * b));
        Assert.That(double.IsFinite(distance), Is.True, $"relative distance of finite tensors, not {distance}");
        return distance;
    }
}
