using NUnit.Framework;
using T5GemmaSharp.Kernels.Cuda.Training;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Optimization;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Training;

/// <summary>The kernels against the optimizer's torch operators, which the CPU's tests compare with other implementations.</summary>
public sealed class OptimizerKernelsTests : GpuFixture
{
    private const int Steps = 10;
    private const double LearningRate = 1e-3;
    private const double Unit = 1.0 / (1 << 23); // in the last place of a float32

    [Test]
    public void Step_TenSteps_EqualsTheOperatorsToTheLastPlaces(
        [Values(ScalarType.BFloat16, ScalarType.Float32)] ScalarType dtype,
        [Values] bool accumulates,
        [Values(1, 7, 8, 4099, 3_000_001)] int count,
        [Values(0.9, 0.3)] double beta1)
    {
        using var noGrad = no_grad();
        manual_seed(5);
        var start = randn([count], dtype: dtype, device: CUDA);
        var (fused, plain) = (new Parameter(start.clone()), new Parameter(start.clone()));
        var options = new AdamWOptions { Beta1 = beta1, WeightDecay = 0.05 };
        using var own = new AdamW([("a.weight", fused)], options);
        using var operators = new AdamW([("a.weight", plain)], options) { UsesOperators = true };
        for (var step = 0; step < Steps; step++)
        {
            var gradient = randn([count], dtype: dtype, device: CUDA);
            foreach (var (optimizer, parameter) in new[] { (own, fused), (operators, plain) })
            {
                parameter.grad = gradient.clone();
                if (accumulates)
                    optimizer.Accumulate();
            }
            Assert.That(own.GradientNorm(), Is.EqualTo(operators.GradientNorm()).Within(1e-3).Percent);
            own.Step(learningRate: LearningRate, gradientScale: 0.37);
            operators.Step(learningRate: LearningRate, gradientScale: 0.37);
            own.ClearGradients();
            operators.ClearGradients();
        }

        // The exact float32 values: what the bfloat16 weights show is a part of them. A step changes a weight by the learning rate times a quotient of two rounded moments, which
        // may be off by two units in the last place.
        var (ours, theirs) = (Values(own), Values(operators));
        var different = ours.ne(theirs).sum().item<long>();
        var error = ((ours - theirs).abs() / theirs.abs().clamp_min(LearningRate)).max().item<float>();
        TestContext.Out.WriteLine($"{different} of {count} values differ, by at most {error:E2} of their size or of the learning rate");
        Assert.That(error, Is.LessThan(Steps * 2 * Unit));
        Assert.That(different, Is.LessThan(Math.Max(2, count / 50)));
    }

    [Test]
    public void GradientNorm_OneElementIsNotFinite_IsNotFinite([Values(float.NaN, float.PositiveInfinity)] float value, [Values(0, 4_000, 99_999)] int index)
    {
        using var noGrad = no_grad();
        var parameter = new Parameter(zeros([100_000], dtype: ScalarType.BFloat16, device: CUDA));
        using var optimizer = new AdamW([("a.weight", parameter)], new AdamWOptions());
        parameter.grad = zeros_like(parameter);
        parameter.grad[index] = value;
        Assert.That(optimizer.GradientNorm(), Is.Not.InRange(0, double.MaxValue));
    }

    [Test]
    public void Step_GradientThatLiesAtAnOddAddress_IsReadRightly()
    {
        using var noGrad = no_grad();
        var parameter = new Parameter(zeros([64], dtype: ScalarType.BFloat16, device: CUDA));
        using var optimizer = new AdamW([("a.weight", parameter)], new AdamWOptions());
        parameter.grad = ones([65], dtype: ScalarType.BFloat16, device: CUDA).narrow(0, 1, 64);
        Assert.That(optimizer.GradientNorm(), Is.EqualTo(8).Within(1e-6));
        optimizer.Step(learningRate: 0.5);
        Assert.That(parameter.to(ScalarType.Float32).cpu().data<float>().ToArray(), Is.All.EqualTo(-0.5f).Within(1e-6f));
    }

    [Test]
    public void Square_OnAThreadThatHasNotUsedTheDevice_IsComputed()
    {
        var gradient = ones([4099], device: CUDA);
        var kernels = TrainingKernels.For(CUDA)!;
        var square = 0f;
        Exception? fault = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var own = NewDisposeScope();
                square = OptimizerKernels.Square(kernels, [gradient]).item<float>();
            }
            catch (Exception exception)
            {
                fault = exception;
            }
        });
        thread.Start();
        thread.Join();
        Assert.That(fault, Is.Null);
        Assert.That(square, Is.EqualTo(4099));
    }

    private static Tensor Values(Optimizer optimizer)
    {
        Tensor? values = null;
        optimizer.ForEachWeight((_, _, stretch) => values = stretch.clone().MoveToOuterDisposeScope());
        return values!;
    }
}
