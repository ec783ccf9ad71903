using NUnit.Framework;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Support;

/// <summary>Compares tensors and, on failure, says where and by how much they differ.</summary>
internal static class TensorAssert
{
    /// <summary>Demands equal shapes and a largest absolute difference within the tolerance; returns that difference.</summary>
    public static double Close(Tensor actual, Tensor expected, double tolerance, string what)
    {
        using var scope = NewDisposeScope();
        Assert.That(actual.shape, Is.EqualTo(expected.shape), $"{what}: shape");
        var (left, right) = (actual.cpu().to(ScalarType.Float64).flatten(), expected.cpu().to(ScalarType.Float64).flatten());
        // Equal infinities are equal; their difference would be NaN.
        var difference = torch.where(left.eq(right), torch.zeros_like(left), (left - right).abs());
        if (difference.numel() == 0)
            return 0;
        var at = difference.argmax().item<long>(); // NaN counts as the largest
        var largest = difference[at].item<double>();
        // A comparison of C#, not of NUnit, which takes NaN as less than every number.
        Assert.That(largest <= tolerance, Is.True,
            $"{what}: shape [{string.Join(", ", actual.shape)}], largest difference at flat index {at}: expected {right[at].item<double>()}, got {left[at].item<double>()}");
        return largest;
    }

    /// <summary>Demands equal integer tensors.</summary>
    public static void Equal(Tensor actual, Tensor expected, string what)
    {
        using var scope = NewDisposeScope();
        Assert.That(actual.shape, Is.EqualTo(expected.shape), $"{what}: shape");
        Assert.That(actual.cpu().data<long>().ToArray(), Is.EqualTo(expected.cpu().data<long>().ToArray()), what);
    }

    /// <summary>Demands a relative difference of two scalars within the tolerance; returns it.</summary>
    public static double RelativelyClose(double actual, double expected, double tolerance, string what)
    {
        var difference = Math.Abs(actual - expected) / Math.Max(Math.Abs(expected), 1e-12);
        Assert.That(difference <= tolerance, Is.True, $"{what}: expected {expected}, got {actual}");
        return difference;
    }
}
