using System.Runtime.InteropServices;
using NUnit.Framework;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Interop;

public sealed class TorchDispatcherTests
{
    private const double Eps = 1e-6;

    private DisposeScope _scope = null!;      // set before each test
    private Generator _generator = null!;     // set before each test

    [SetUp]
    public void Begin()
    {
        _scope = NewDisposeScope();
        _generator = new Generator(seed: 7);
    }

    [TearDown]
    public void End()
    {
        _generator.Dispose();
        _scope.Dispose();
    }

    [Test]
    public void IsAvailable_ThisLibtorch_IsTrue() => Assert.That(TorchDispatcher.IsAvailable, Is.True);

    [Test]
    public void TryCreate_LibraryWithoutTheInterface_IsNull()
        => Assert.That(StableAbi.TryCreate(NativeLibrary.GetMainProgramHandle()), Is.Null);

    [Test]
    public void RmsNorm_KnownValues_MatchesHandCalculation()
    {
        using var input = tensor(new float[] { 3, 4, 0, 0, 6, 8 }, dtype: ScalarType.Float32).reshape(3, 2);
        using var weight = tensor(new float[] { 1, 2 });
        var result = TorchDispatcher.RmsNorm(input, [2], weight, eps: 0.5).data<float>().ToArray();
        float[] expected = [3 / MathF.Sqrt(13), 8 / MathF.Sqrt(13), 0, 0, 6 / MathF.Sqrt(50.5f), 16 / MathF.Sqrt(50.5f)];
        Assert.That(result, Is.EqualTo(expected).Within(1e-6f));
    }

    [TestCase(ScalarType.Float32, true, 1e-6)]
    [TestCase(ScalarType.Float32, false, 1e-6)]
    [TestCase(ScalarType.BFloat16, true, 0.008)]
    [TestCase(ScalarType.BFloat16, false, 0.008)]
    public void RmsNorm_PlainOperators_AgreeForwardAndBackward(ScalarType dtype, bool withWeight, double tolerance)
    {
        var input = Random([4, 7, 96], dtype);
        var weight = withWeight ? Random([96], dtype) : null;
        var parameters = withWeight ? new[] { input, weight! } : [input];
        AssertAgree(
            () => TorchDispatcher.RmsNorm(input, [96], weight, Eps),
            () => PlainOperators.RmsNorm(input, normalizedDimensions: 1, weight, Eps),
            parameters, tolerance);
    }

    [Test]
    public void RmsNorm_SeveralDimensions_AgreeForwardAndBackward()
    {
        var input = Random([3, 4, 5], ScalarType.Float32);
        var weight = Random([4, 5], ScalarType.Float32);
        AssertAgree(
            () => TorchDispatcher.RmsNorm(input, [4, 5], weight, Eps),
            () => PlainOperators.RmsNorm(input, normalizedDimensions: 2, weight, Eps),
            [input, weight], tolerance: 1e-6);
    }

    [TestCase(ScalarType.Float32, "none", 2e-6)]
    [TestCase(ScalarType.Float32, "causal", 2e-6)]
    [TestCase(ScalarType.Float32, "bool", 2e-6)]
    [TestCase(ScalarType.Float32, "additive", 2e-6)]
    [TestCase(ScalarType.BFloat16, "none", 0.016)]
    [TestCase(ScalarType.BFloat16, "causal", 0.016)]
    [TestCase(ScalarType.BFloat16, "bool", 0.016)]
    public void ScaledDotProductAttention_PlainOperators_AgreeForwardAndBackward(ScalarType dtype, string maskKind, double tolerance)
    {
        var query = Random([2, 6, 5, 16], dtype);
        var key = Random([2, 2, 7, 16], dtype);
        var value = Random([2, 2, 7, 16], dtype);
        var allowed = rand([2, 1, 5, 7], generator: _generator) > 0.3;
        allowed[0, 0, 3] = tensor(false);   // a row that may attend to nothing
        var mask = maskKind switch
        {
            "bool" => allowed,
            "additive" => zeros([2, 1, 5, 7], dtype: dtype).masked_fill(allowed.logical_not(), double.NegativeInfinity),
            _ => null,
        };
        AssertAgree(
            () => TorchDispatcher.ScaledDotProductAttention(query, key, value, mask, isCausal: maskKind == "causal", scale: 0.3, enableGqa: true),
            () => PlainOperators.ScaledDotProductAttention(query, key, value, mask, dropoutP: 0, maskKind == "causal", scale: 0.3, enableGqa: true),
            [query, key, value], tolerance);
    }

    [Test]
    public void ScaledDotProductAttention_NoScale_IsTorchSharpsOwn()
    {
        var query = Random([2, 3, 5, 16], ScalarType.Float32);
        var key = Random([2, 3, 7, 16], ScalarType.Float32);
        var value = Random([2, 3, 7, 16], ScalarType.Float32);
        var own = nn.functional.scaled_dot_product_attention(query, key, value);
        AssertClose(TorchDispatcher.ScaledDotProductAttention(query, key, value), own, tolerance: 1e-7, "default scale");
    }

    [Test]
    public void ScaledDotProductAttention_CertainDropout_IsZeroOnBothPaths()
    {
        var query = Random([1, 2, 3, 8], ScalarType.Float32);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(TorchDispatcher.ScaledDotProductAttention(query, query, query, dropoutP: 1).abs().max().item<float>(), Is.Zero);
            Assert.That(PlainOperators.ScaledDotProductAttention(query, query, query, attnMask: null, dropoutP: 1, isCausal: false, scale: null, enableGqa: false).abs().max().item<float>(), Is.Zero);
        }
    }

    [Test]
    public void RmsNorm_NoGrad_RecordsNothing()
    {
        var input = Random([2, 8], ScalarType.Float32);
        using (no_grad())
            Assert.That(TorchDispatcher.RmsNorm(input, [8], weight: null, Eps).requires_grad, Is.False);
        Assert.That(TorchDispatcher.RmsNorm(input, [8], weight: null, Eps).requires_grad, Is.True);
    }

    [Test]
    public void RmsNorm_InDisposeScope_ResultIsDisposedWithIt()
    {
        var input = Random([2, 8], ScalarType.Float32);
        Tensor result;
        using (NewDisposeScope())
            result = TorchDispatcher.RmsNorm(input, [8], weight: null, Eps);
        Assert.That(result.IsInvalid, Is.True);
    }

    [Test]
    public void RmsNorm_ShapesThatDoNotFit_NamesArgumentExpectedAndActual()
    {
        var input = Random([2, 8], ScalarType.Float32);
        var weight = Random([7], ScalarType.Float32);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => TorchDispatcher.RmsNorm(input, [9], weight: null, Eps), Throws.ArgumentException.With.Message.Contains("[9], got [2, 8]"));
            Assert.That(() => TorchDispatcher.RmsNorm(input, [], weight: null, Eps), Throws.ArgumentException);
            Assert.That(() => TorchDispatcher.RmsNorm(input, [8], weight, Eps), Throws.ArgumentException.With.Message.Contains("[8], got Float32 [7]"));
        }
    }

    [Test]
    public void ScaledDotProductAttention_ShapesThatDoNotFit_NamesArgumentExpectedAndActual()
    {
        var query = Random([1, 6, 3, 8], ScalarType.Float32);
        var key = Random([1, 4, 3, 8], ScalarType.Float32);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => TorchDispatcher.ScaledDotProductAttention(query, key, key), Throws.ArgumentException.With.Message.Contains("K = H, got Float32 [1, 6, 3, 8]"));
            Assert.That(() => TorchDispatcher.ScaledDotProductAttention(query, key, key, enableGqa: true), Throws.ArgumentException.With.Message.Contains("K dividing H"));
            Assert.That(() => TorchDispatcher.ScaledDotProductAttention(query, query, query, attnMask: query, isCausal: true), Throws.ArgumentException.With.Message.Contains("attnMask"));
        }
    }

    [Test, Platform(Include = "Linux")]
    public void Operators_TenThousandCalls_LeaveNoTensorAndNoMemory()
    {
        var input = rand([8, 16], generator: _generator);
        var weight = rand([16], generator: _generator);
        var query = rand([1, 4, 4, 8], generator: _generator);
        var key = rand([1, 2, 4, 8], generator: _generator);
        var mask = ones([4, 4], dtype: ScalarType.Bool);
        AssertLeavesNothing(callsPerRound: 3_000, () =>
        {
            using var norm = TorchDispatcher.RmsNorm(input, [16], weight, Eps);
            using var attention = TorchDispatcher.ScaledDotProductAttention(query, key, key, mask, scale: 0.3, enableGqa: true);
        });
    }

    [Test, Platform(Include = "Linux")]
    public void Operators_WithBackward_LeaveNoTensorAndNoMemory()
    {
        var input = Random([8, 16], ScalarType.Float32);
        var query = Random([1, 4, 4, 8], ScalarType.Float32);
        AssertLeavesNothing(callsPerRound: 3_000, () =>
        {
            using var scope = NewDisposeScope();
            var norm = TorchDispatcher.RmsNorm(input, [16], weight: null, Eps);
            var attention = TorchDispatcher.ScaledDotProductAttention(query, query, query);
            autograd.grad([norm.sum() + attention.sum()], [input, query]);
        });
    }

    private static void AssertLeavesNothing(int callsPerRound, Action call)
    {
        var threads = get_num_threads();
        set_num_threads(1);   // waking a team of threads takes far longer than these tiny operators
        try
        {
            call();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            var count = LiveTensors.Count;
            // The smallest thing that could stay, the cell of an optional argument, takes 32 bytes.
            Assert.That(NativeHeap.GrowthPerCall(call, callsPerRound), Is.LessThan(16));
            Assert.That(LiveTensors.Count, Is.EqualTo(count));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private Tensor Random(long[] shape, ScalarType dtype)
        => randn(shape, generator: _generator).to_type(dtype).requires_grad_(true);

    private static void AssertAgree(Func<Tensor> dispatched, Func<Tensor> plain, Tensor[] parameters, double tolerance)
    {
        var (result, gradients) = Run(dispatched);
        var (expected, expectedGradients) = Run(plain);
        Assert.That(result.dtype, Is.EqualTo(expected.dtype));
        using (Assert.EnterMultipleScope())
        {
            AssertClose(result, expected, tolerance, "result");
            for (var index = 0; index < parameters.Length; index++)
                AssertClose(gradients[index], expectedGradients[index], tolerance, $"gradient {index}");
        }

        (Tensor, Tensor[]) Run(Func<Tensor> function)
        {
            var output = function();
            using var generator = new Generator(seed: 11);
            var direction = randn(output.shape, generator: generator).to_type(output.dtype);
            return (output, autograd.grad([output], parameters, [direction]).ToArray());
        }
    }

    // Relative to the largest expected value: the sums of a reduction round relative to their terms, not to a result near zero.
    private static void AssertClose(Tensor actual, Tensor expected, double tolerance, string what)
    {
        var wide = expected.to_type(ScalarType.Float64);
        var difference = (actual.to_type(ScalarType.Float64) - wide).abs().max().item<double>() / wide.abs().max().item<double>();
        Assert.That(difference <= tolerance, Is.True, $"{what}: relative difference {difference}"); // NUnit would take NaN as small
    }
}
