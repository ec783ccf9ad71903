using System.Runtime.InteropServices;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>Argument of the attention of one query a row; <c>decode.cu</c> says what each address means.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AttentionArguments
{
    public nint Queries;
    public nint Keys;
    public nint Values;
    public nint Mask;
    public nint Positions;
    public nint Sources;
    public nint Lengths;
    public nint Outputs;
    public long Capacity;
    public int Window;
}
