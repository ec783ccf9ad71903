using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>bfloat16: the upper half of a float32.</summary>
internal readonly unsafe struct BFloat16(ushort bits) : IElement<BFloat16>
{
    private readonly ushort _bits = bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(BFloat16* source)
    {
        var halves = Vector256.Load((ushort*)source);
        return (Widen(halves) << 16).AsSingle();
    }

    public static float ToSingle(BFloat16 value) => BitConverter.UInt32BitsToSingle((uint)value._bits << 16);

    public static BFloat16 FromSingle(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? new((ushort)((bits >> 16) | 0x40)) : new((ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Widen(Vector256<ushort> halves)
    {
        if (Avx512F.IsSupported)
            return Avx512F.ConvertToVector512UInt32(halves);
        var (lower, upper) = Vector256.Widen(halves);
        return Vector512.Create(lower, upper);
    }
}
