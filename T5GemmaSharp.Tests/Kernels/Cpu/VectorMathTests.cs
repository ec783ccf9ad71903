using System.Runtime.Intrinsics;
using NUnit.Framework;
using T5GemmaSharp.Kernels.Cpu;

namespace T5GemmaSharp.Tests.Kernels.Cpu;

public sealed class VectorMathTests
{
    private const double Unit = 1.0 / (1 << 24); // largest relative error of one rounding to float32

    private static IEnumerable<float> Points()
    {
        for (var x = -50.0; x <= 50; x += 1.0 / 512)
            yield return (float)x;
        for (var x = -1.0; x <= 1; x += 1.0 / 65536) // both sides of the border between the two formulas
            yield return (float)x;
        for (var exponent = -149; exponent < 0; exponent++)
        {
            yield return MathF.ScaleB(1, exponent);
            yield return -MathF.ScaleB(1.7f, exponent);
        }
    }

    [Test]
    public void Tanh_EveryPoint_IsWithinUnitsInTheLastPlace()
    {
        foreach (var x in Points())
        {
            var (actual, expected) = ((double)Tanh(x), Math.Tanh(x));
            // Four units, for negative x of the larger ones: the sum above 1 is rounded, which the quotient doubles (2), the quotient itself lies above 1 (1), and exp has an error (1).
            var magnitude = MathF.Abs((float)expected);
            Assert.That(Math.Abs(actual - expected) <= 4 * (double)(MathF.BitIncrement(magnitude) - magnitude), Is.True, $"tanh({x:R}): expected {expected:R}, got {actual:R}");
        }
    }

    [Test]
    public void Tanh_Limits_AreExact()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Tanh(float.PositiveInfinity), Is.EqualTo(1));
            Assert.That(Tanh(float.NegativeInfinity), Is.EqualTo(-1));
            Assert.That(Tanh(float.MaxValue), Is.EqualTo(1));
            Assert.That(Tanh(-float.MaxValue), Is.EqualTo(-1));
            Assert.That(Tanh(float.NaN), Is.NaN);
            Assert.That(Tanh(0), Is.Zero);
        }
    }

    [Test]
    public void Gelu_EveryPoint_IsWithinRoundingOfTheFormula()
    {
        foreach (var x in Points())
        {
            var expected = 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))));
            // The roundings of the argument, of tanh and of 1 + tanh reach x / 2 undiminished, also for negative x where the sum nearly vanishes.
            var bound = (4 * Unit * Math.Abs(x)) + float.Epsilon;
            Assert.That(Math.Abs(Gelu(x) - expected) <= bound, Is.True, $"gelu({x:R}): expected {expected:R}, got {Gelu(x):R}");
        }
    }

    [Test]
    public void Gelu_Limits_AreThoseOfTheFormula()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Gelu(float.PositiveInfinity), Is.EqualTo(float.PositiveInfinity));
            Assert.That(Gelu(1e30f), Is.EqualTo(1e30f));
            Assert.That(Gelu(-1e30f), Is.Zero);
            Assert.That(Gelu(float.NaN), Is.NaN);
            Assert.That(Gelu(0), Is.Zero);
        }
    }

    private static float Tanh(float x) => VectorMath.Tanh(Vector512.Create(x))[3];

    private static float Gelu(float x) => VectorMath.Gelu(Vector512.Create(x))[3];
}
