using NUnit.Framework;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Support;

/// <summary>The comparisons that the other tests rest on.</summary>
public sealed class TensorAssertTests
{
    [TestCase(1.2f, 0.1)]
    [TestCase(float.NaN, 1e9)]
    [TestCase(float.PositiveInfinity, 1e9)]
    public void Close_OneElementOff_Fails(float wrong, double tolerance)
    {
        using var scope = NewDisposeScope();
        var (expected, actual) = (torch.ones(3), torch.ones(3));
        actual[1] = wrong;
        Fails(() => TensorAssert.Close(actual, expected, tolerance, "tensor"), "flat index 1");
        Fails(() => TensorAssert.Close(expected, actual, tolerance, "tensor"), "flat index 1");
    }

    [Test]
    public void Close_WithinToleranceOrEqualInfinities_Passes()
    {
        using var scope = NewDisposeScope();
        var infinite = torch.full([2], double.NegativeInfinity);
        Assert.That(TensorAssert.Close(torch.full([2], 1.5), torch.ones(2), 0.5, "tensor"), Is.EqualTo(0.5));
        Assert.That(TensorAssert.Close(infinite, infinite.clone(), 0, "tensor"), Is.Zero);
    }

    [Test]
    public void Close_OtherShape_Fails()
    {
        using var scope = NewDisposeScope();
        Fails(() => TensorAssert.Close(torch.ones(1, 3), torch.ones(3), 1, "tensor"), "shape");
    }

    [TestCase(1.2)]
    [TestCase(double.NaN)]
    public void RelativelyClose_Off_Fails(double actual) =>
        Fails(() => TensorAssert.RelativelyClose(actual, 1, 0.1, "scalar"), "expected 1");

    private static void Fails(Action assertion, string message)
    {
        // A failed assertion is also recorded; in a context of its own it is not this test's.
        using var context = new NUnit.Framework.Internal.TestExecutionContext.IsolatedContext();
        Assert.That(assertion, Throws.TypeOf<AssertionException>().With.Message.Contains(message));
    }
}
