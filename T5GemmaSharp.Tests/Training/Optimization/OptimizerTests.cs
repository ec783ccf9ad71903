using NUnit.Framework;
using T5GemmaSharp.Training.Optimization;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace T5GemmaSharp.Tests.Training.Optimization;

public sealed class OptimizerTests
{
    [TestCase(3f, 4f, 5.0)]
    [TestCase(0f, 0f, 0.0)]
    [TestCase(float.PositiveInfinity, 1f, double.PositiveInfinity)]
    [TestCase(float.NaN, 1f, double.NaN)]
    public void GradientNorm_TwoParametersAndOneWithoutGradient_IsTheJointNorm(float first, float second, double expected)
    {
        using var scope = NewDisposeScope();
        Parameter[] parameters = [new(zeros(1)), new(zeros(1)), new(zeros(1))];
        using var optimizer = Create(parameters);
        parameters[0].grad = tensor(new[] { first });
        parameters[1].grad = tensor(new[] { second });
        Assert.That(optimizer.GradientNorm(), Is.EqualTo(expected));
    }

    // AdamW's first update is lr g / (|g| + eps), whatever the gradient; with the corrections of the tenth it would be half as large.
    [Test]
    public void Step_ParameterThatJoinsLater_BeginsAsIfItWereTheFirstStep()
    {
        using var scope = NewDisposeScope();
        Parameter[] parameters = [new(zeros(1)), new(zeros(1))];
        using var optimizer = Create(parameters);
        for (var step = 0; step < 10; step++)
        {
            parameters[0].grad = ones(1);
            parameters[1].grad = step < 9 ? null : full(1, 5f);
            optimizer.Step(learningRate: 0.25);
        }

        Assert.That(parameters[1].item<float>(), Is.EqualTo(-0.25f).Within(1e-6));
    }

    [Test]
    public void Step_BFloat16_FollowsTheFloat32RunAndRoundsIt()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed: 8);
        var start = randn([37, 5], generator: generator).bfloat16();
        var (exact, half) = (new Parameter(start.@float()), new Parameter(start.clone()));
        using var exactOptimizer = Create([exact]);
        using var halfOptimizer = Create([half]);
        for (var step = 0; step < 50; step++)
        {
            var gradient = randn([37, 5], generator: generator).bfloat16();
            (exact.grad, half.grad) = (gradient.@float(), gradient);
            exactOptimizer.Step(learningRate: 1e-4);
            halfOptimizer.Step(learningRate: 1e-4);
        }

        // The updates are far below a bfloat16's spacing; only ties round the other way.
        Assert.That((half.@float() - exact.bfloat16().@float()).abs().max().item<float>(), Is.Zero);
    }

    [Test]
    public void Step_BFloat16SmallUpdates_MoveTheWeightWhereBFloat16AloneStalls()
    {
        using var scope = NewDisposeScope();
        var ours = new Parameter(ones(1, dtype: ScalarType.BFloat16));
        var stalled = new Parameter(ones(1, dtype: ScalarType.BFloat16));
        using var optimizer = Create([ours]);
        using var reference = optim.AdamW([stalled], lr: 1e-4, weight_decay: 0);
        for (var step = 0; step < 1000; step++)
        {
            (ours.grad, stalled.grad) = (ones(1, dtype: ScalarType.BFloat16), ones(1, dtype: ScalarType.BFloat16));
            optimizer.Step(learningRate: 1e-4);
            reference.step();
        }

        Assert.Multiple(() =>
        {
            Assert.That(ours.@float().item<float>(), Is.EqualTo(0.9f).Within(0.004f)); // half of bfloat16's spacing below 1
            Assert.That(stalled.@float().item<float>(), Is.EqualTo(1f));
        });
    }

    [Test]
    public void Accumulate_BFloat16Parts_AddUpExactly()
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(zeros(1, dtype: ScalarType.BFloat16));
        using var optimizer = Create([parameter]);
        foreach (var part in new[] { 256f, 1f, 1f, 1f }) // 256 + 1 is 256 in bfloat16
        {
            parameter.grad = tensor(new[] { part }).bfloat16();
            optimizer.Accumulate();
        }

        Assert.That(optimizer.GradientNorm(), Is.EqualTo(259));
    }

    private static AdamW Create(IEnumerable<Parameter> parameters) => new(parameters.Select((parameter, index) => ($"w{index}", parameter)), new AdamWOptions());
}
