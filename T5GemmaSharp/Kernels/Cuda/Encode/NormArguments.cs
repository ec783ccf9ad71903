using System.Runtime.InteropServices;

namespace T5GemmaSharp.Kernels.Cuda.Encode;

/// <summary>Argument of a sum and its norm; <c>encoder.cu</c> says what each address means.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NormArguments
{
    public nint Updates;
    public nint Post;
    public nint Hidden;
    public nint Pre;
    public nint Outputs;
}
