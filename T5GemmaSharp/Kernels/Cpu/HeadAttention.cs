using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>Attention of one query of one head.</summary>
internal static unsafe class HeadAttention
{
    private const int Lanes = 16;
    private const int Columns = 4 * Lanes; // columns of the values in registers together

    /// <summary>Computes softmax(function(q k^T) + mask) v.</summary>
    /// <typeparam name="T">How keys and values are stored.</typeparam>
    /// <param name="query">[E].</param>
    /// <param name="view">Keys and values.</param>
    /// <param name="row">Row of the batch.</param>
    /// <param name="keyHead">Head of the keys.</param>
    /// <param name="headDim">E.</param>
    /// <param name="function">Scale and cap of the scores.</param>
    /// <param name="mask">[S] to add; null: none.</param>
    /// <param name="scores">[S], overwritten.</param>
    /// <param name="output">[E].</param>
    public static void Attend<T>(float* query, in KeyValueView<T> view, int row, int keyHead, int headDim, ScoreFunction function, float* mask, float* scores, float* output)
        where T : unmanaged, IElement<T>
    {
        var length = view.Length;
        MatrixRows.Multiply(view.Keys(row, keyHead), view.KeyStride, 0, length, headDim, query, vectors: 1, scores, yStride: 0);
        SpanMath.Apply(scores, length, function);
        if (mask is not null)
            SpanMath.Add(scores, mask, length); // after the cap, or the cap would make hidden keys visible
        SpanMath.Softmax(scores, length);
        Sum(view.Values(row, keyHead), view.ValueStride, length, headDim, scores, output);
    }

    /// <summary>output[e] = sum over s of weights[s] values[s, e].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum<T>(T* values, nint stride, int length, int headDim, float* weights, float* output)
        where T : unmanaged, IElement<T>
    {
        var column = 0;
        for (; column + Columns <= headDim; column += Columns)
        {
            Vector512<float> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
            var value = values + column;
            for (var index = 0; index < length; index++, value += stride)
            {
                var weight = Vector512.Create(weights[index]);
                sum0 = Vector512.FusedMultiplyAdd(T.Load(value), weight, sum0);
                sum1 = Vector512.FusedMultiplyAdd(T.Load(value + Lanes), weight, sum1);
                sum2 = Vector512.FusedMultiplyAdd(T.Load(value + (2 * Lanes)), weight, sum2);
                sum3 = Vector512.FusedMultiplyAdd(T.Load(value + (3 * Lanes)), weight, sum3);
            }

            sum0.Store(output + column);
            sum1.Store(output + column + Lanes);
            sum2.Store(output + column + (2 * Lanes));
            sum3.Store(output + column + (3 * Lanes));
        }

        for (; column < headDim; column++)
        {
            var sum = 0f;
            for (var index = 0; index < length; index++)
                sum += weights[index] * T.ToSingle(values[(index * stride) + column]);
            output[column] = sum;
        }
    }
}
