using System.Runtime.InteropServices;

namespace T5GemmaSharp.Kernels.Cuda.Encode;

/// <summary>Argument of the rotation by positions; <c>encoder.cu</c> says what each address means.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RotationArguments
{
    public nint Queries;
    public nint Keys;
    public nint Cosines;
    public nint Sines;
    public int Length;
    public int HasTables;
}
