using System.Runtime.Intrinsics;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>A function of single numbers, applied to 16 of them.</summary>
internal interface IVectorFunction
{
    Vector512<float> Invoke(Vector512<float> x);
}
