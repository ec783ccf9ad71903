using NUnit.Framework;
using T5GemmaSharp.Training.Optimization;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace T5GemmaSharp.Tests.Training.Optimization;

public sealed class GradientNormTests
{
    [TestCase(3f, 4f, 5.0)]
    [TestCase(0f, 0f, 0.0)]
    [TestCase(float.PositiveInfinity, 1f, double.PositiveInfinity)]
    [TestCase(float.NaN, 1f, double.NaN)]
    public void Compute_TwoParametersAndOneWithoutGradient_IsTheJointNorm(float first, float second, double expected)
    {
        using var scope = NewDisposeScope();
        Parameter[] parameters = [new(zeros(1)), new(zeros(1)), new(zeros(1))];
        parameters[0].grad = tensor(new[] { first });
        parameters[1].grad = tensor(new[] { second });
        Assert.That(GradientNorm.Compute(parameters), Is.EqualTo(expected));
    }

    [TestCase(5.0, 1.0, 0.2)]
    [TestCase(0.5, 1.0, 1.0)]
    [TestCase(5.0, 0.0, 1.0)]
    public void ClipFactor_NormAndLimit_ScalesDownOnly(double norm, double limit, double expected)
        => Assert.That(GradientNorm.ClipFactor(norm, limit), Is.EqualTo(expected).Within(1e-6));
}
