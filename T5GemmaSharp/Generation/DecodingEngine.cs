namespace T5GemmaSharp.Generation;

/// <summary>Who computes the decoder's steps.</summary>
public enum DecodingEngine
{
    /// <summary>The modules, by torch's operators.</summary>
    Modules,

    /// <summary>The library's kernels for the CPU; the modules compute the first step.</summary>
    CpuKernels,

    /// <summary>The library's kernels for CUDA, recorded as one graph a step.</summary>
    CudaGraph,
}
