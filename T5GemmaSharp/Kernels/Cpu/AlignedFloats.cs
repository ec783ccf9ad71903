using System.Runtime.InteropServices;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>float32 numbers outside the managed heap, at the start of a cache line.</summary>
internal sealed unsafe class AlignedFloats : IDisposable
{
    private const int Alignment = 64;

    private float* _first;

    /// <summary>Allocates.</summary>
    /// <param name="count">Number of floats; they are not set.</param>
    public AlignedFloats(long count) => _first = (float*)NativeMemory.AlignedAlloc(checked((nuint)count * sizeof(float)), Alignment);

    ~AlignedFloats() => Free();

    public float* First => _first;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_first);
        _first = null;
    }
}
