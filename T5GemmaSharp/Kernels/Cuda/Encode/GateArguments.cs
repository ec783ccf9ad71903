using System.Runtime.InteropServices;

namespace T5GemmaSharp.Kernels.Cuda.Encode;

/// <summary>Argument of the gated product; <c>encoder.cu</c> says what each address means.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GateArguments
{
    public nint Gates;
    public nint Values;
    public long Count;
}
