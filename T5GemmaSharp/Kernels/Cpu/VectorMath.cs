using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>Functions of float32 numbers, 16 at a time, to a few units in the last place.</summary>
internal static class VectorMath
{
    // Below this |x| tanh comes from a polynomial: 1 - 2 / (exp(2x) + 1) would lose its digits to cancellation.
    private const float SmallTanh = 0.625f;
    private const float SqrtOfTwoOverPi = 0.7978845608028654f;
    private const float GeluCubic = 0.044715f;

    /// <summary>Hyperbolic tangent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x)
    {
        // Minimax polynomial of degree 4 in x^2 on the small range.
        var square = x * x;
        var polynomial = Vector512.FusedMultiplyAdd(Vector512.Create(-5.70498872745e-3f), square, Vector512.Create(2.06390887954e-2f));
        polynomial = Vector512.FusedMultiplyAdd(polynomial, square, Vector512.Create(-5.37397155531e-2f));
        polynomial = Vector512.FusedMultiplyAdd(polynomial, square, Vector512.Create(1.33314422036e-1f));
        polynomial = Vector512.FusedMultiplyAdd(polynomial, square, Vector512.Create(-3.33332819422e-1f));
        var small = Vector512.FusedMultiplyAdd(polynomial * square, x, x);

        // Overflow of exp to infinity gives the limit 1; NaN stays NaN.
        var large = Vector512<float>.One - (Vector512.Create(2f) / (Vector512.Exp(x + x) + Vector512<float>.One));
        return Vector512.ConditionalSelect(Vector512.LessThan(Vector512.Abs(x), Vector512.Create(SmallTanh)), small, large);
    }

    /// <summary>GELU by its tanh approximation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Gelu(Vector512<float> x)
    {
        var inner = Vector512.Create(SqrtOfTwoOverPi) * Vector512.FusedMultiplyAdd(Vector512.Create(GeluCubic) * x * x, x, x);
        return Vector512.Create(0.5f) * x * (Vector512<float>.One + Tanh(inner));
    }
}
