using NUnit.Framework;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

public sealed class T5GemmaRMSNormTests
{
    private const double Float32Tolerance = 1e-6;

    [Test]
    public void Forward_HandComputedRow_MultipliesByOnePlusWeight()
    {
        using var scope = NewDisposeScope();
        using var norm = Norm([0.5f, -0.25f], eps: 0.5);
        // mean square 12.5, plus eps 13
        var expected = torch.tensor(new[] { 3 / Math.Sqrt(13) * 1.5, 4 / Math.Sqrt(13) * 0.75 });
        TensorAssert.Close(norm.call(torch.tensor(new[] { 3f, 4f })), expected, Float32Tolerance, "norm");
    }

    [Test]
    public void Forward_TinyRow_HasEpsilonInsideTheRoot()
    {
        using var scope = NewDisposeScope();
        using var norm = Norm([0f, 0f], eps: 1e-6);
        // Outside the root, eps would leave 1e-3 / 1e-3 = 1.
        TensorAssert.Close(norm.call(torch.tensor(new[] { 1e-3f, -1e-3f })), torch.tensor(new[] { Math.Sqrt(0.5), -Math.Sqrt(0.5) }), 1e-5, "norm");
    }

    [Test]
    public void Forward_BFloat16Input_ComputesInFloat32AndRoundsOnce()
    {
        using var scope = NewDisposeScope();
        torch.manual_seed(1);
        const int width = 200;
        var weight = torch.randn(width).to(ScalarType.BFloat16);
        var input = torch.randn(3, width).to(ScalarType.BFloat16);
        using var norm = Norm(weight.to(ScalarType.Float32).data<float>().ToArray(), eps: 1e-6, ScalarType.BFloat16);
        var actual = norm.call(input);

        var (x, onePlus) = (input.to(ScalarType.Float64), weight.to(ScalarType.Float64) + 1);
        var normalized = x / (x.square().mean([-1], keepdim: true) + 1e-6).sqrt();
        var roundedEarly = normalized.to(ScalarType.BFloat16) * onePlus.to(ScalarType.BFloat16);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(actual.dtype, Is.EqualTo(ScalarType.BFloat16));
            TensorAssert.Close(actual, (normalized * onePlus).to(ScalarType.BFloat16), 0, "rounded once");
            Assert.That(roundedEarly.ne(actual).any().item<bool>(), Is.True, "the data can tell Llama's order of rounding apart");
        }
    }

    [Test]
    public void Forward_Float16Input_DoesNotOverflowInTheSquare()
    {
        using var scope = NewDisposeScope();
        using var norm = Norm([0f, 0f], eps: 1e-6, ScalarType.Float16);
        TensorAssert.Close(norm.call(torch.tensor(new[] { 300f, 400f }).to(ScalarType.Float16)),
            torch.tensor(new[] { 300 / Math.Sqrt(125_000), 400 / Math.Sqrt(125_000) }), 1e-3, "300 squared does not fit float16");
    }

    private static T5GemmaRMSNorm Norm(float[] weight, double eps, ScalarType dtype = ScalarType.Float32)
    {
        using var noGrad = torch.no_grad();
        var norm = new T5GemmaRMSNorm(weight.Length, eps, new ModuleFactory(CPU, dtype));
        norm.Weight.copy_(torch.tensor(weight));
        return norm;
    }
}
