using T5GemmaSharp.Interop.Cuda;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>The compiled kernels of a shape on a device.</summary>
internal sealed class DecodeKernels
{
    private static readonly LoadedKernels<DecodeKernels> Loaded = new();

    private DecodeKernels(CudaModule module, int multiprocessors)
    {
        Multiprocessors = multiprocessors;
        FirstQueryKeyValue = module.Kernel("first_query_key_value");
        QueryKeyValue = module.Kernel("query_key_value");
        Output = module.Kernel("attention_output");
        CrossQuery = module.Kernel("cross_query");
        GateUp = module.Kernel("gate_up");
        Down = module.Kernel("down");
        Head = module.Kernel("head");
        FirstNorm = module.Kernel("first_norm");
        NormAfterAttention = module.Kernel("norm_after_attention");
        NormAfterDown = module.Kernel("norm_after_down");
        SelfAttention = module.Kernel("self_attention");
        CrossAttention = module.Kernel("cross_attention");
        EmbedTokens = module.Kernel("embed_tokens");
        TakeBest = module.Kernel("take_best");
    }

    /// <summary>Multiprocessors of the device.</summary>
    public int Multiprocessors { get; }

    public CudaKernel FirstQueryKeyValue { get; }

    public CudaKernel QueryKeyValue { get; }

    public CudaKernel Output { get; }

    public CudaKernel CrossQuery { get; }

    public CudaKernel GateUp { get; }

    public CudaKernel Down { get; }

    public CudaKernel Head { get; }

    public CudaKernel FirstNorm { get; }

    public CudaKernel NormAfterAttention { get; }

    public CudaKernel NormAfterDown { get; }

    public CudaKernel SelfAttention { get; }

    public CudaKernel CrossAttention { get; }

    public CudaKernel EmbedTokens { get; }

    public CudaKernel TakeBest { get; }

    /// <summary>The kernels of a shape for a device, compiled at their first use.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="device">Index of the device, which is current on this thread.</param>
    /// <exception cref="CudaException">They cannot be compiled or loaded.</exception>
    public static DecodeKernels For(DecodeShape shape, int device)
    {
        var constants = shape.Constants();
        return Loaded.For(constants, device, () => new DecodeKernels(KernelCompiler.Load("decode.cu", constants), CudaDriver.Required.Attribute(DeviceAttribute.MultiprocessorCount)));
    }
}
