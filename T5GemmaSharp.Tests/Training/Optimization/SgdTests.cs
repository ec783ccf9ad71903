using NUnit.Framework;
using T5GemmaSharp.Training.Optimization;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace T5GemmaSharp.Tests.Training.Optimization;

public sealed class SgdTests
{
    [TestCase(0)]
    [TestCase(0.9)]
    public void Step_ManySteps_EqualsTorchSharpsSgd(double momentum)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed: 5);
        var start = randn([4, 3], generator: generator);
        var (ours, theirs) = (new Parameter(start.clone()), new Parameter(start.clone()));
        using var optimizer = new Sgd([("a.weight", ours)], new SgdOptions { Momentum = momentum, WeightDecay = 0.05 });
        using var reference = optim.SGD([theirs], 0.01, momentum: momentum, weight_decay: 0.05);
        for (var step = 0; step < 25; step++)
        {
            var gradient = randn([4, 3], generator: generator);
            (ours.grad, theirs.grad) = (gradient.clone(), gradient.clone());
            optimizer.Step(learningRate: 0.01);
            reference.step();
        }

        Assert.That((ours - theirs).abs().max().item<float>(), Is.EqualTo(0f).Within(5e-7f)); // NUnit takes NaN as less than every number
    }
}
