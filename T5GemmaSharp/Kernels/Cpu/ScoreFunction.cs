using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>Scales scores and caps them: cap * tanh(x * factor / cap), or x * factor without a cap.</summary>
internal readonly struct ScoreFunction(double factor, double? cap) : IVectorFunction
{
    private readonly float _inner = (float)(factor / (cap ?? 1));
    private readonly float _cap = (float)(cap ?? 0);
    private readonly bool _isCapped = cap is not null;

    /// <summary>Whether it changes nothing.</summary>
    public bool IsIdentity => !_isCapped && _inner == 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Invoke(Vector512<float> x) => _isCapped ? VectorMath.Tanh(x * _inner) * _cap : x * _inner;
}
