using NUnit.Framework;
using T5GemmaSharp.Training.Optimization;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace T5GemmaSharp.Tests.Training.Optimization;

public sealed class AdamWTests
{
    // Worked by hand for w = 1, gradients 0.5 and then -0.5, rate 0.1, b1 0.9, b2 0.999, decay 0.1:
    // step 1: m 0.05, v 2.5e-4, corrected 0.5 and 0.25; w = 1 * 0.99 - 0.1 * 0.5 / 0.5 = 0.89
    // step 2: m -0.005, v 4.9975e-4, corrected -0.0263158 and 0.25; w = 0.89 * 0.99 + 0.1 * 0.0263158 / 0.5 = 0.8863632
    [TestCase("layers.0.mlp.up_proj.weight", 0.89f, 0.8863632f)]
    // Without decay: 1 - 0.1 = 0.9; 0.9 + 0.0052632 = 0.9052632
    [TestCase("layers.0.pre_self_attn_layernorm.weight", 0.9f, 0.9052632f)]
    public void Step_TwoSteps_EqualsHandComputation(string name, float afterOne, float afterTwo)
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(tensor(new[] { 1f }));
        using var optimizer = new AdamW([(name, parameter)], new AdamWOptions { WeightDecay = 0.1 });

        parameter.grad = tensor(new[] { 0.5f });
        optimizer.Step(learningRate: 0.1);
        Assert.That(parameter.item<float>(), Is.EqualTo(afterOne).Within(1e-6));

        parameter.grad = tensor(new[] { -1f });
        optimizer.Step(learningRate: 0.1, gradientScale: 0.5);
        Assert.That(parameter.item<float>(), Is.EqualTo(afterTwo).Within(1e-6));
    }

    [Test]
    public void Step_ManySteps_EqualsTorchSharpsAdamW()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed: 5);
        var start = randn([4, 3], generator: generator);
        var (ours, theirs) = (new Parameter(start.clone()), new Parameter(start.clone()));
        using var optimizer = new AdamW([("a.weight", ours)], new AdamWOptions { WeightDecay = 0.05, Beta2 = 0.98 });
        using var reference = optim.AdamW([theirs], lr: 0.01, beta1: 0.9, beta2: 0.98, eps: 1e-8, weight_decay: 0.05);
        for (var step = 0; step < 25; step++)
        {
            var gradient = randn([4, 3], generator: generator);
            (ours.grad, theirs.grad) = (gradient.clone(), gradient.clone());
            optimizer.Step(learningRate: 0.01);
            reference.step();
        }

        Assert.That((ours - theirs).abs().max().item<float>(), Is.EqualTo(0f).Within(2e-7f)); // NUnit takes NaN as less than every number
    }

    [Test]
    public void Constructor_Float16_Throws()
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(ones(2, dtype: ScalarType.Float16));
        Assert.That(() => new AdamW([("w", parameter)], new AdamWOptions()), Throws.ArgumentException.With.Message.Contains("w: expected float32 or bfloat16, got Float16"));
    }
}
