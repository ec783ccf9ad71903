using NUnit.Framework;
using T5GemmaSharp.Training.Optimization;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace T5GemmaSharp.Tests.Training.Optimization;

public sealed class MovingAverageTests
{
    // Weight 1 falls by 0.5 a step: 0.5, 0. Step 1: d = 2/11, e = 2/11 + 9/11 * 0.5 = 0.5909091; step 2: d = min(0.2, 3/12) = 0.2, e = 0.2 * 0.5909091 = 0.1181818
    [Test]
    public void Update_TwoSteps_EqualsHandComputation()
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(ones(1));
        using var optimizer = new Sgd([("a", parameter)], new SgdOptions());
        using var average = new MovingAverage(optimizer, decay: 0.2);
        for (var step = 0; step < 2; step++)
        {
            parameter.grad = ones(1);
            optimizer.Step(learningRate: 0.5);
            average.Update();
        }

        using (average.Use())
            Assert.That(parameter.item<float>(), Is.EqualTo(0.1181818f).Within(1e-6));
        Assert.That(parameter.item<float>(), Is.Zero);
    }

    [Test]
    public void Use_BFloat16_RestoresTheExactWeights()
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(ones(5, dtype: ScalarType.BFloat16));
        using var optimizer = new Sgd([("a", parameter)], new SgdOptions());
        using var average = new MovingAverage(optimizer, decay: 0.9);
        parameter.grad = ones(5, dtype: ScalarType.BFloat16);
        optimizer.Step(learningRate: 1e-4);
        using (average.Use())
        {
        }

        for (var step = 0; step < 99; step++)
        {
            parameter.grad = ones(5, dtype: ScalarType.BFloat16);
            optimizer.Step(learningRate: 1e-4);
        }

        Assert.That(parameter.@float().mean().item<float>(), Is.EqualTo(0.99f).Within(0.002f)); // half of bfloat16's spacing there
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(double.NaN)]
    public void Constructor_ImpossibleDecay_Throws(double decay)
    {
        using var optimizer = new Sgd([], new SgdOptions());
        Assert.That(() => new MovingAverage(optimizer, decay), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
