using System.Runtime.InteropServices;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>Argument of the kernel that draws tokens; <c>sampling.cu</c> says what each address means.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DrawArguments
{
    public nint Logits;
    public nint Settings;
    public nint Positions;
    public nint Best;
    public nint LogProbabilities;
    public long Capacity;
}
