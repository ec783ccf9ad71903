using System.Runtime.InteropServices;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>Argument of the products with matrices and of the norms; <c>decode.cu</c> says what each address means.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MatrixArguments
{
    public nint Weights0;
    public nint Weights1;
    public nint Weights2;
    public nint Scales0;
    public nint Scales1;
    public nint Scales2;
    public nint Inputs;
    public nint Partial;
    public nint PostNorm;
    public nint Hidden;
    public nint NextHidden;
    public nint PreNorm;
    public nint Outputs;
    public nint Gated;
    public nint Keys;
    public nint Values;
    public nint Cosines;
    public nint Sines;
    public nint Positions;
    public nint Best;
    public long Capacity;
}
