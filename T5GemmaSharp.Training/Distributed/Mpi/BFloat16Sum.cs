using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace T5GemmaSharp.Training.Distributed.Mpi;

/// <summary>The sum of bfloat16 numbers, which MPI does not know: in float32, rounded to the nearest, ties to even.</summary>
internal static unsafe class BFloat16Sum
{
    private const int HalfBits = 16;

    /// <summary>Adds one list to another, as <c>MPI_User_function</c>.</summary>
    [UnmanagedCallersOnly]
    public static void Add(void* input, void* inputAndOutput, int* count, nint* type)
    {
        var from = (ushort*)input;
        var to = (ushort*)inputAndOutput;
        for (var index = 0; index < *count; index++)
            to[index] = Round(Widen(from[index]) + Widen(to[index]));
    }

    private static float Widen(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << HalfBits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ushort Round(float value)
    {
        const uint half = 0x7FFF;
        const ushort notANumber = 0x7FC0;
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? notANumber : (ushort)((bits + half + ((bits >> HalfBits) & 1)) >> HalfBits);
    }
}
