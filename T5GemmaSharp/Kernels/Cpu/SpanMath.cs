using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>Loops over float32 numbers of any count.</summary>
internal static unsafe class SpanMath
{
    private const int Lanes = 16;

    /// <summary>x = function(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply<TFunction>(float* x, int count, TFunction function)
        where TFunction : struct, IVectorFunction
    {
        var index = 0;
        for (; index + Lanes <= count; index += Lanes)
            function.Invoke(Vector512.Load(x + index)).Store(x + index);
        if (index < count)
            StoreFirst(function.Invoke(LoadFirst(x + index, count - index)), x + index, count - index);
    }

    /// <summary>x = gelu(x) * factors, with GELU by its tanh approximation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void GeluTimes(float* x, float* factors, int count)
    {
        var index = 0;
        for (; index + Lanes <= count; index += Lanes)
            (VectorMath.Gelu(Vector512.Load(x + index)) * Vector512.Load(factors + index)).Store(x + index);
        if (index < count)
            StoreFirst(VectorMath.Gelu(LoadFirst(x + index, count - index)) * LoadFirst(factors + index, count - index), x + index, count - index);
    }

    /// <summary>x = exp(x - max) / sum, and nothing when there are no numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Softmax(float* x, int count)
    {
        var whole = count - (count % Lanes);
        var most = Vector512.Create(float.NegativeInfinity);
        for (var index = 0; index < whole; index += Lanes)
            most = Vector512.Max(most, Vector512.Load(x + index));
        var max = float.NegativeInfinity;
        for (var lane = 0; lane < Lanes; lane++)
            max = MathF.Max(max, most[lane]);
        for (var index = whole; index < count; index++)
            max = MathF.Max(max, x[index]);

        var sums = default(Vector512<float>);
        for (var index = 0; index < whole; index += Lanes)
        {
            var power = Vector512.Exp(Vector512.Load(x + index) - Vector512.Create(max));
            power.Store(x + index);
            sums += power;
        }

        var sum = Vector512.Sum(sums);
        for (var index = whole; index < count; index++)
            sum += x[index] = MathF.Exp(x[index] - max);
        Scale(x, count, 1 / sum);
    }

    /// <summary>x = x * factor.</summary>
    public static void Scale(float* x, int count, float factor) => Apply(x, count, new ScoreFunction(factor, cap: null));

    /// <summary>x = x + y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* x, float* y, int count)
    {
        var index = 0;
        for (; index + Lanes <= count; index += Lanes)
            (Vector512.Load(x + index) + Vector512.Load(y + index)).Store(x + index);
        for (; index < count; index++)
            x[index] += y[index];
    }

    /// <summary>Root mean square norm: result = x / sqrt(mean(x^2) + eps) * (1 + weight).</summary>
    /// <typeparam name="T">How the weight is stored.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RmsNorm<T>(float* x, T* weight, int count, double eps, float* result)
        where T : unmanaged, IElement<T>
    {
        var squares = default(Vector512<float>);
        var index = 0;
        for (; index + Lanes <= count; index += Lanes)
        {
            var here = Vector512.Load(x + index);
            squares = Vector512.FusedMultiplyAdd(here, here, squares);
        }

        var sum = Vector512.Sum(squares);
        for (; index < count; index++)
            sum += x[index] * x[index];
        var factor = 1 / MathF.Sqrt((sum / count) + (float)eps);
        for (index = 0; index + Lanes <= count; index += Lanes)
            (Vector512.Load(x + index) * factor * (T.Load(weight + index) + Vector512<float>.One)).Store(result + index);
        for (; index < count; index++)
            result[index] = x[index] * factor * (T.ToSingle(weight[index]) + 1);
    }

    private static Vector512<float> LoadFirst(float* x, int count)
    {
        var lanes = stackalloc float[Lanes];
        new Span<float>(lanes, Lanes).Clear();
        new Span<float>(x, count).CopyTo(new Span<float>(lanes, Lanes));
        return Vector512.Load(lanes);
    }

    private static void StoreFirst(Vector512<float> values, float* x, int count)
    {
        var lanes = stackalloc float[Lanes];
        values.Store(lanes);
        new Span<float>(lanes, count).CopyTo(new Span<float>(x, count));
    }
}
