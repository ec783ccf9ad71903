using System.Runtime.InteropServices;

namespace T5GemmaSharp.Kernels.Cuda.Encode;

/// <summary>Argument of the attention of many queries a block; <c>encoder.cu</c> says what each address means.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TileAttentionArguments
{
    public nint Queries;
    public nint Keys;
    public nint Values;
    public nint Real;
    public int Length;
    public int WordsPerRow;
    public int Window;
}
