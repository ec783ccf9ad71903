using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>Products of a matrix and a few vectors. The matrix comes from memory once, which is all the time that this takes.</summary>
internal static unsafe class MatrixRows
{
    private const int Tile = 4; // rows of the matrix, and vectors, in registers together
    private const int Lanes = 16;

    /// <summary>Computes y[r, n] = sum over k of matrix[n, k] x[r, k] for the rows n of a range.</summary>
    /// <typeparam name="T">How the matrix is stored.</typeparam>
    /// <param name="matrix">[N, K].</param>
    /// <param name="stride">Elements between two rows of the matrix.</param>
    /// <param name="from">First row n.</param>
    /// <param name="to">Row behind the last.</param>
    /// <param name="width">K.</param>
    /// <param name="x">[R, K], contiguous.</param>
    /// <param name="vectors">R.</param>
    /// <param name="y">[R, N].</param>
    /// <param name="yStride">Elements between two rows of y.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply<T>(T* matrix, nint stride, int from, int to, int width, float* x, int vectors, float* y, nint yStride)
        where T : unmanaged, IElement<T>
    {
        var row = from;
        for (; row + Tile <= to; row += Tile)
        {
            var rows = matrix + (row * stride);
            var vector = 0;
            for (; vector + Tile <= vectors; vector += Tile)
                FourByFour(rows, stride, width, x + ((nint)vector * width), y + (vector * yStride) + row, yStride);
            for (; vector < vectors; vector++)
                FourByOne(rows, stride, width, x + ((nint)vector * width), y + (vector * yStride) + row);
        }

        for (; row < to; row++)
        {
            for (var vector = 0; vector < vectors; vector++)
                y[(vector * yStride) + row] = Dot(matrix + (row * stride), x + ((nint)vector * width), width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourByOne<T>(T* rows, nint stride, int width, float* x, float* y)
        where T : unmanaged, IElement<T>
    {
        T* row0 = rows, row1 = row0 + stride, row2 = row1 + stride, row3 = row2 + stride;
        Vector512<float> sum0 = default, sum1 = default, sum2 = default, sum3 = default, more0 = default, more1 = default, more2 = default, more3 = default;
        var k = 0;
        for (; k + (2 * Lanes) <= width; k += 2 * Lanes)
        {
            var (here, next) = (Vector512.Load(x + k), Vector512.Load(x + k + Lanes));
            sum0 = Vector512.FusedMultiplyAdd(T.Load(row0 + k), here, sum0);
            sum1 = Vector512.FusedMultiplyAdd(T.Load(row1 + k), here, sum1);
            sum2 = Vector512.FusedMultiplyAdd(T.Load(row2 + k), here, sum2);
            sum3 = Vector512.FusedMultiplyAdd(T.Load(row3 + k), here, sum3);
            more0 = Vector512.FusedMultiplyAdd(T.Load(row0 + k + Lanes), next, more0);
            more1 = Vector512.FusedMultiplyAdd(T.Load(row1 + k + Lanes), next, more1);
            more2 = Vector512.FusedMultiplyAdd(T.Load(row2 + k + Lanes), next, more2);
            more3 = Vector512.FusedMultiplyAdd(T.Load(row3 + k + Lanes), next, more3);
        }

        y[0] = Vector512.Sum(sum0 + more0) + Dot(row0 + k, x + k, width - k);
        y[1] = Vector512.Sum(sum1 + more1) + Dot(row1 + k, x + k, width - k);
        y[2] = Vector512.Sum(sum2 + more2) + Dot(row2 + k, x + k, width - k);
        y[3] = Vector512.Sum(sum3 + more3) + Dot(row3 + k, x + k, width - k);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FourByFour<T>(T* rows, nint stride, int width, float* x, float* y, nint yStride)
        where T : unmanaged, IElement<T>
    {
        float* x0 = x, x1 = x0 + width, x2 = x1 + width, x3 = x2 + width;
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default, d0 = default, d1 = default, d2 = default, d3 = default;
        var k = 0;
        for (; k + Lanes <= width; k += Lanes)
        {
            var (v0, v1, v2, v3) = (Vector512.Load(x0 + k), Vector512.Load(x1 + k), Vector512.Load(x2 + k), Vector512.Load(x3 + k));
            var row = T.Load(rows + k);
            a0 = Vector512.FusedMultiplyAdd(row, v0, a0);
            a1 = Vector512.FusedMultiplyAdd(row, v1, a1);
            a2 = Vector512.FusedMultiplyAdd(row, v2, a2);
            a3 = Vector512.FusedMultiplyAdd(row, v3, a3);
            row = T.Load(rows + stride + k);
            b0 = Vector512.FusedMultiplyAdd(row, v0, b0);
            b1 = Vector512.FusedMultiplyAdd(row, v1, b1);
            b2 = Vector512.FusedMultiplyAdd(row, v2, b2);
            b3 = Vector512.FusedMultiplyAdd(row, v3, b3);
            row = T.Load(rows + (2 * stride) + k);
            c0 = Vector512.FusedMultiplyAdd(row, v0, c0);
            c1 = Vector512.FusedMultiplyAdd(row, v1, c1);
            c2 = Vector512.FusedMultiplyAdd(row, v2, c2);
            c3 = Vector512.FusedMultiplyAdd(row, v3, c3);
            row = T.Load(rows + (3 * stride) + k);
            d0 = Vector512.FusedMultiplyAdd(row, v0, d0);
            d1 = Vector512.FusedMultiplyAdd(row, v1, d1);
            d2 = Vector512.FusedMultiplyAdd(row, v2, d2);
            d3 = Vector512.FusedMultiplyAdd(row, v3, d3);
        }

        Store(y, a0, b0, c0, d0);
        Store(y + yStride, a1, b1, c1, d1);
        Store(y + (2 * yStride), a2, b2, c2, d2);
        Store(y + (3 * yStride), a3, b3, c3, d3);
        if (k == width)
            return;
        for (var vector = 0; vector < Tile; vector++)
        {
            for (var row = 0; row < Tile; row++)
                y[(vector * yStride) + row] += Dot(rows + (row * stride) + k, x + ((nint)vector * width) + k, width - k);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* y, Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        y[0] = Vector512.Sum(a);
        y[1] = Vector512.Sum(b);
        y[2] = Vector512.Sum(c);
        y[3] = Vector512.Sum(d);
    }

    private static float Dot<T>(T* row, float* x, int width)
        where T : unmanaged, IElement<T>
    {
        var sum = default(Vector512<float>);
        var k = 0;
        for (; k + Lanes <= width; k += Lanes)
            sum = Vector512.FusedMultiplyAdd(T.Load(row + k), Vector512.Load(x + k), sum);
        var total = Vector512.Sum(sum);
        for (; k < width; k++)
            total += T.ToSingle(row[k]) * x[k];
        return total;
    }
}
