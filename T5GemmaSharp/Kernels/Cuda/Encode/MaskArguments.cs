using System.Runtime.InteropServices;

namespace T5GemmaSharp.Kernels.Cuda.Encode;

/// <summary>Argument of the mask's packing; <c>encoder.cu</c> says what each address means.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MaskArguments
{
    public nint Real;
    public nint Words;
    public int Length;
    public int WordsPerRow;
}
