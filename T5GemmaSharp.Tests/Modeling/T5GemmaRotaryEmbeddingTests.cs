using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

public sealed class T5GemmaRotaryEmbeddingTests
{
    private const int HeadDim = 6;
    private const double Theta = 10_000;

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(5000)]
    public void Forward_Position_EqualsDoublePrecision(long position)
    {
        using var scope = NewDisposeScope();
        using var rotary = Rotary();
        var (cos, sin) = rotary.call(torch.zeros(1), torch.tensor(new[,] { { position } }));
        var angles = Enumerable.Range(0, HeadDim).Select(i => position * Frequency(i % (HeadDim / 2))).ToArray();
        // A float32 angle is off by its own rounding and by its frequency's, each a relative 6e-8; at 0 and 1 only the cosine's rounding is left.
        var tolerance = 2e-7 + 1.2e-7 * position;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cos.shape, Is.EqualTo(new long[] { 1, 1, HeadDim }));
            TensorAssert.Close(cos.flatten(), torch.tensor(angles.Select(Math.Cos).ToArray()), tolerance, "cosines");
            TensorAssert.Close(sin.flatten(), torch.tensor(angles.Select(Math.Sin).ToArray()), tolerance, "sines");
        }
    }

    [Test]
    public void Forward_LinearScaling_DividesThePositions()
    {
        using var scope = NewDisposeScope();
        using var scaled = Rotary(new() { RopeTheta = Theta, RopeType = "linear", Factor = 4 });
        using var plain = Rotary();
        var (cos, sin) = scaled.call(torch.zeros(1), torch.tensor(new[,] { { 8L, 12L } }));
        var (expectedCos, expectedSin) = plain.call(torch.zeros(1), torch.tensor(new[,] { { 2L, 3L } }));
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(cos, expectedCos, 3e-7, "cosines");
            TensorAssert.Close(sin, expectedSin, 3e-7, "sines");
        }
    }

    [Test]
    public void Forward_BFloat16_KeepsFloat32Angles()
    {
        using var scope = NewDisposeScope();
        using var rotary = Rotary();
        var positions = torch.tensor(new[,] { { 5001L, 5002L } });
        var (cos, sin) = rotary.call(torch.zeros(1, dtype: ScalarType.BFloat16), positions);
        var (exactCos, exactSin) = rotary.call(torch.zeros(1), positions);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((cos.dtype, sin.dtype), Is.EqualTo((ScalarType.BFloat16, ScalarType.BFloat16)));
            TensorAssert.Close(cos, exactCos.to(ScalarType.BFloat16), 0, "cosines");
            TensorAssert.Close(sin, exactSin.to(ScalarType.BFloat16), 0, "sines");
        }
    }

    [Test]
    public void Apply_RandomStates_RotatesPairsHalfAHeadApart()
    {
        using var scope = NewDisposeScope();
        torch.manual_seed(3);
        using var rotary = Rotary();
        var states = torch.randn(1, 2, 3, HeadDim);
        var (cos, sin) = rotary.call(states, torch.tensor(new[,] { { 0L, 1L, 7L } }));
        var actual = RotaryPositionEmbedding.Apply(states, cos.unsqueeze(1), sin.unsqueeze(1)).ToDoubles();

        var x = states.ToDoubles();
        var expected = new double[x.Length];
        for (var row = 0; row < 6; row++)
        {
            var position = new[] { 0, 1, 7 }[row % 3];
            for (var j = 0; j < HeadDim / 2; j++)
            {
                var (first, second) = (row * HeadDim + j, row * HeadDim + j + HeadDim / 2);
                var angle = position * Frequency(j);
                expected[first] = x[first] * Math.Cos(angle) - x[second] * Math.Sin(angle);
                expected[second] = x[second] * Math.Cos(angle) + x[first] * Math.Sin(angle);
            }
        }
        Assert.That(actual, Is.EqualTo(expected).Within(3e-6));
    }

    private static double Frequency(int pair) => Math.Pow(Theta, -2.0 * pair / HeadDim);

    private static T5GemmaRotaryEmbedding Rotary(RopeParameters? parameters = null) =>
        new(TinyModels.Config.Encoder with { HeadDim = HeadDim, RopeParameters = parameters ?? new() { RopeTheta = Theta } });
}
