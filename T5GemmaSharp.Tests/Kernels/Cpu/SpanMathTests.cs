using NUnit.Framework;
using T5GemmaSharp.Kernels.Cpu;

namespace T5GemmaSharp.Tests.Kernels.Cpu;

/// <summary>Every loop gets counts below, at and above multiples of 16, and NaN behind the last number: it may be neither read nor written.</summary>
public sealed unsafe class SpanMathTests
{
    private const double Unit = 1.0 / (1 << 24); // largest relative error of one rounding to float32

    private static readonly int[] Counts = [1, 2, 15, 16, 17, 31, 32, 33, 100];

    [TestCaseSource(nameof(Counts))]
    public void Softmax_ScatteredNumbers_EqualsFloat64(int count)
    {
        var x = Numbers(count, scale: 20);
        var actual = Softmax(x);
        var expected = Reference(x);
        var max = x.Max();
        for (var index = 0; index < count; index++)
        {
            // The difference to the largest is rounded, and exp turns that absolute error into a relative one; exp, sum and quotient add roundings of their own.
            var bound = (Unit * (max - x[index] + 16) * expected[index]) + float.Epsilon;
            Assert.That(Math.Abs(actual[index] - expected[index]) <= bound, Is.True, $"{index}: expected {expected[index]}, got {actual[index]}");
        }
    }

    [TestCaseSource(nameof(Counts))]
    public void Softmax_EqualNumbers_IsUniform(int count)
    {
        foreach (var value in new[] { 0, 1e30f, -float.MaxValue }) // the last: a row whose keys are all hidden
        {
            // Two roundings' worth for the runtime's vectors of exp, of which exp(0) is not quite 1, and one each for sum, quotient and product.
            Assert.That(Softmax([.. Enumerable.Repeat(value, count)]), Is.All.EqualTo(1.0 / count).Within(5 * Unit / count), $"{value}");
        }
    }

    [TestCaseSource(nameof(Counts))]
    public void Softmax_OneVisibleNumber_IsOneAndZeros(int count)
    {
        for (var visible = 0; visible < count; visible++)
        {
            var x = Enumerable.Range(0, count).Select(index => index == visible ? 7f : -float.MaxValue).ToArray();
            Assert.That(Softmax(x), Is.EqualTo(x.Select(value => value == 7 ? 1f : 0f)));
            x = [.. x.Select(value => value == 7 ? float.MaxValue : value)]; // the difference overflows
            Assert.That(Softmax(x), Is.EqualTo(x.Select(value => value > 0 ? 1f : 0f)));
        }
    }

    [TestCaseSource(nameof(Counts))]
    public void Softmax_NaN_SpreadsToAll(int count)
    {
        for (var place = 0; place < count; place++)
        {
            var x = Numbers(count, scale: 1);
            x[place] = float.NaN;
            Assert.That(Softmax(x), Is.All.NaN, $"NaN at {place}");
        }
    }

    [TestCaseSource(nameof(Counts))]
    public void RmsNorm_EitherElement_EqualsFloat64(int count)
    {
        CheckRmsNorm<Float32>(count);
        CheckRmsNorm<BFloat16>(count);
    }

    [TestCaseSource(nameof(Counts))]
    public void GeluTimes_EveryCount_MultipliesEachNumber(int count)
    {
        var (x, factors) = (Numbers(count, scale: 3), Numbers(count, scale: 2, seed: 6));
        var actual = Padded(x);
        fixed (float* first = actual, firstFactor = Padded(factors))
            SpanMath.GeluTimes(first, firstFactor, count);
        // Gelu's own error is VectorMathTests' subject; here an index that is off would show.
        AssertClose(actual, [.. x.Zip(factors, (a, b) => b * 0.5 * a * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (a + (0.044715 * a * a * a)))))], 1e-6 * 6);
    }

    [TestCaseSource(nameof(Counts))]
    public void Add_EveryCount_AddsEachNumber(int count)
    {
        var (x, y) = (Numbers(count, scale: 3), Numbers(count, scale: 2, seed: 6));
        var actual = Padded(x);
        fixed (float* first = actual, firstOfY = Padded(y))
            SpanMath.Add(first, firstOfY, count);
        AssertClose(actual, [.. x.Zip(y, (a, b) => (double)(a + b))], 0);
    }

    [TestCaseSource(nameof(Counts))]
    public void Apply_ScaleAndCap_EqualsTheFormula(int count)
    {
        var x = Numbers(count, scale: 30);
        var actual = Padded(x);
        fixed (float* first = actual)
            SpanMath.Apply(first, count, new ScoreFunction(0.3, cap: 5));
        AssertClose(actual, [.. x.Select(value => 5 * Math.Tanh(value * 0.3 / 5))], 5 * 4 * Unit); // tanh of a rounded argument, at most 1, times the cap
    }

    [Test]
    public void IsIdentity_OnlyWithoutScaleAndCap_IsTrue()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(new ScoreFunction(1, cap: null).IsIdentity, Is.True);
            Assert.That(new ScoreFunction(2, cap: null).IsIdentity, Is.False);
            Assert.That(new ScoreFunction(1, cap: 1).IsIdentity, Is.False);
        }
    }

    private static void CheckRmsNorm<T>(int count)
        where T : unmanaged, IElement<T>
    {
        const double Eps = 1e-6;
        var (x, weight) = (Numbers(count, scale: 4), Padded(Numbers(count, scale: 0.5, seed: 6)).Select(T.FromSingle).ToArray());
        var actual = Padded(new float[count]);
        fixed (float* first = Padded(x), result = actual)
        fixed (T* firstWeight = weight)
            SpanMath.RmsNorm(first, firstWeight, count, Eps, result);
        var factor = 1 / Math.Sqrt(x.Average(value => (double)value * value) + Eps);
        for (var index = 0; index < count; index++)
        {
            var expected = x[index] * factor * (1 + T.ToSingle(weight[index]));
            // 16 partial sums of at most 7 squares and 15 tail terms, halved by the root, and six more roundings: below 1e-6.
            Assert.That(Math.Abs(actual[index] - expected) <= 1e-6 * Math.Abs(expected), Is.True, $"{typeof(T).Name} {index}: expected {expected}, got {actual[index]}");
        }

        Assert.That(actual[count..], Is.All.NaN);
    }

    private static void AssertClose(float[] actual, double[] expected, double tolerance)
    {
        for (var index = 0; index < expected.Length; index++)
            Assert.That(Math.Abs(actual[index] - expected[index]) <= tolerance, Is.True, $"{index}: expected {expected[index]}, got {actual[index]}");
        Assert.That(actual[expected.Length..], Is.All.NaN, "numbers behind the last");
    }

    private static float[] Softmax(float[] x)
    {
        var padded = Padded(x);
        fixed (float* first = padded)
            SpanMath.Softmax(first, x.Length);
        Assert.That(padded[x.Length..], Is.All.NaN, "numbers behind the last");
        return padded[..x.Length];
    }

    private static double[] Reference(float[] x)
    {
        var powers = x.Select(value => Math.Exp((double)value - x.Max())).ToArray();
        return [.. powers.Select(power => power / powers.Sum())];
    }

    private static float[] Padded(float[] x) => [.. x, .. Enumerable.Repeat(float.NaN, 16)];

    private static float[] Numbers(int count, double scale, int seed = 5)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(scale * ((2 * random.NextDouble()) - 1)))];
    }
}
