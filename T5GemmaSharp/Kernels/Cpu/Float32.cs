using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>float32 as it is.</summary>
internal readonly unsafe struct Float32(float value) : IElement<Float32>
{
    private readonly float _value = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(Float32* source) => Vector512.Load((float*)source);

    public static float ToSingle(Float32 value) => value._value;

    public static Float32 FromSingle(float value) => new(value);
}
