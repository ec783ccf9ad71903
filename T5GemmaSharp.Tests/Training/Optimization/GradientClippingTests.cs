using NUnit.Framework;
using T5GemmaSharp.Training.Optimization;

namespace T5GemmaSharp.Tests.Training.Optimization;

public sealed class GradientClippingTests
{
    [TestCase(5.0, 1.0, 0.2)]
    [TestCase(0.5, 1.0, 1.0)]
    [TestCase(5.0, 0.0, 1.0)]
    public void Factor_NormAndLimit_ScalesDownOnly(double norm, double limit, double expected)
        => Assert.That(GradientClipping.Factor(norm, limit), Is.EqualTo(expected).Within(1e-6));
}
