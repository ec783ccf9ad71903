using NUnit.Framework;
using T5GemmaSharp.Training.Optimization;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace T5GemmaSharp.Tests.Training.Optimization;

public sealed class AdafactorTests
{
    // Step 1 (b = 0) for g = [[3, 4], [0, 5]]: squares [[9, 16], [0, 25]]; R = (12.5, 12.5), C = (4.5, 20.5), mean(R) = 12.5;
    // u = g / sqrt(R C / 12.5) = g / sqrt(C) = [[1.414214, 0.883452], [0, 1.104315]]; rms = sqrt((2 + 0.780488 + 0 + 1.219512) / 4) = 1: no clipping; w = 1 - 0.1 u.
    [Test]
    public void Step_Matrix_EqualsHandComputation()
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(ones(2, 2));
        using var optimizer = new Adafactor([("a.weight", parameter)], new AdafactorOptions());
        parameter.grad = tensor(new float[,] { { 3, 4 }, { 0, 5 } });
        optimizer.Step(learningRate: 0.1);
        Assert.That(parameter.data<float>().ToArray(), Is.EqualTo(new[] { 0.8585786f, 0.9116548f, 1f, 0.8895685f }).Within(1e-6));
    }

    // Vectors: v = g² at the first step, so u = sign(g); at the second b = 1 - 2^-0.8 = 0.4256509, v = b 4 + (1 - b) 1 = 2.2769527,
    // u = 1 / sqrt(v) = 0.6627113; decay 0.5: w = 0.9 after step 1 (1 * (1 - 0.05) - 0.1 = 0.85), then 0.85 * 0.95 - 0.1 * 0.6627113 = 0.7412289
    [Test]
    public void Step_VectorTwoStepsWithDecay_EqualsHandComputation()
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(ones(1));
        using var optimizer = new Adafactor([("a", parameter)], new AdafactorOptions { WeightDecay = 0.5 });
        foreach (var gradient in new[] { 2f, 1f })
        {
            parameter.grad = tensor(new[] { gradient });
            optimizer.Step(learningRate: 0.1);
        }

        Assert.That(parameter.item<float>(), Is.EqualTo(0.7412289f).Within(1e-6));
    }

    [Test]
    public void Step_LargeUpdate_IsClippedToTheThreshold()
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(zeros(3, 5));
        using var optimizer = new Adafactor([("a.weight", parameter)], new AdafactorOptions { ClipThreshold = 0.25 });
        parameter.grad = randn(3, 5);
        optimizer.Step(learningRate: 1);
        Assert.That(parameter.square().mean().sqrt().item<float>(), Is.EqualTo(0.25f).Within(1e-5));
    }

    [Test]
    public void State_OfAMatrix_IsARowAndAColumn()
    {
        using var scope = NewDisposeScope();
        using var optimizer = new Adafactor([("w", new Parameter(zeros(3, 5))), ("b", new Parameter(zeros(7)))], new AdafactorOptions());
        Assert.That(optimizer.State().Select(item => (item.Key, item.Value.numel())), Is.EquivalentTo(new[] { ("exp_avg_sq_row.w", 3L), ("exp_avg_sq_col.w", 5L), ("exp_avg_sq.b", 7L), ("updates", 2L), ("steps", 1L) }));
    }
}
