using System.Runtime.InteropServices;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>Argument of the kernels that embed and choose tokens; <c>decode.cu</c> says what each address means.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TokenArguments
{
    public nint Embeddings;
    public nint Hidden;
    public nint Best;
    public nint Positions;
    public nint Tokens;
    public nint Ended;
    public nint EndIds;
    public long Capacity;
    public int EndCount;
    public int PadId;
}
