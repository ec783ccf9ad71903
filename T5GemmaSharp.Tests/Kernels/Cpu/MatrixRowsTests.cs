using NUnit.Framework;
using T5GemmaSharp.Kernels.Cpu;

namespace T5GemmaSharp.Tests.Kernels.Cpu;

public sealed unsafe class MatrixRowsTests
{
    private const int MaxRows = 9;
    private const int MaxVectors = 9;
    private const double Unit = 1.0 / (1 << 24); // largest relative error of one rounding to float32

    [Test]
    public void Multiply_Float32_EqualsTheSumInFloat64([Values(1, 15, 16, 17, 31, 32, 33, 768)] int width, [Values(0, 5)] int gap) => CheckAll<Float32>(width, gap);

    [Test]
    public void Multiply_BFloat16_EqualsTheSumInFloat64([Values(1, 15, 16, 17, 31, 32, 33, 768)] int width, [Values(0, 5)] int gap) => CheckAll<BFloat16>(width, gap);

    private static void CheckAll<T>(int width, int gap)
        where T : unmanaged, IElement<T>
    {
        for (var rows = 1; rows <= MaxRows; rows++)
        {
            for (var vectors = 1; vectors <= MaxVectors; vectors++)
            {
                Check<T>(width, width + gap, 0, rows, vectors);
                Check<T>(width, width + gap, rows / 2, rows, vectors);
            }
        }
    }

    private static void Check<T>(int width, int stride, int from, int to, int vectors)
        where T : unmanaged, IElement<T>
    {
        // NaN wherever nothing may be read, and in the results wherever nothing may be written.
        var random = new Random(width + to);
        var matrix = Enumerable.Repeat(T.FromSingle(float.NaN), (MaxRows + 1) * stride).ToArray();
        for (var row = from; row < to; row++)
        {
            for (var k = 0; k < width; k++)
                matrix[(row * stride) + k] = T.FromSingle((float)((2 * random.NextDouble()) - 1));
        }

        var x = Enumerable.Range(0, (vectors * width) + 16).Select(index => index < vectors * width ? (float)((2 * random.NextDouble()) - 1) : float.NaN).ToArray();
        var yStride = MaxRows + 2;
        var y = Enumerable.Repeat(float.NaN, vectors * yStride).ToArray();
        fixed (T* firstOfMatrix = matrix)
        fixed (float* firstOfX = x, firstOfY = y)
            MatrixRows.Multiply(firstOfMatrix, stride, from, to, width, firstOfX, vectors, firstOfY, yStride);

        for (var vector = 0; vector < vectors; vector++)
        {
            for (var row = 0; row < yStride; row++)
            {
                var actual = y[(vector * yStride) + row];
                if (row < from || row >= to)
                {
                    Assert.That(float.IsNaN(actual), Is.True, $"[{vector}, {row}] is outside of the range {from} to {to}");
                    continue;
                }

                var products = Enumerable.Range(0, width).Select(k => (double)T.ToSingle(matrix[(row * stride) + k]) * x[(vector * width) + k]).ToArray();
                // The bound of a float32 sum in any order: a rounding for each term, and one more for joining the partial sums.
                var bound = (width + 1) * Unit * products.Sum(Math.Abs);
                Assert.That(Math.Abs(actual - products.Sum()) <= bound, Is.True, $"rows {from} to {to}, vectors {vectors}, [{vector}, {row}]: expected {products.Sum()}, got {actual}");
            }
        }
    }
}
