using T5GemmaSharp.Interop.Cuda;

namespace T5GemmaSharp.Kernels.Cuda.Encode;

/// <summary>The compiled kernels of an encoder on a device.</summary>
internal sealed class EncoderKernels
{
    private const int NeededCapability = 8;

    private static readonly LoadedKernels<EncoderKernels> Loaded = new();

    private EncoderKernels(EncoderShape shape, CudaModule module)
    {
        Shape = shape;
        PackMask = module.Kernel("pack_mask");
        AddAndNormalize = module.Kernel("add_and_normalize");
        Rotate = module.Kernel("rotate");
        Attend = module.Kernel("attend");
        Gate = module.Kernel("gate");
    }

    public EncoderShape Shape { get; }

    public CudaKernel PackMask { get; }

    public CudaKernel AddAndNormalize { get; }

    public CudaKernel Rotate { get; }

    public CudaKernel Attend { get; }

    public CudaKernel Gate { get; }

    /// <summary>The kernels of an encoder for a device, compiled at their first use.</summary>
    /// <param name="config">An encoder that <see cref="EncoderShape.Refuse"/> lets pass.</param>
    /// <param name="device">Index of the device, which is current on this thread.</param>
    /// <exception cref="CudaException">They cannot be compiled or loaded, or the device is too old.</exception>
    public static EncoderKernels For(T5GemmaModuleConfig config, int device)
    {
        var driver = CudaDriver.Required;
        var capability = driver.Attribute(DeviceAttribute.ComputeCapabilityMajor);
        if (capability < NeededCapability)
            throw new CudaException($"the device's compute capability is {capability}.{driver.Attribute(DeviceAttribute.ComputeCapabilityMinor)}: the encoder's kernels need {NeededCapability}.0 or newer");
        var shape = new EncoderShape(config);
        var constants = shape.Constants();
        return Loaded.For(constants, device, () => new EncoderKernels(shape, KernelCompiler.Load("encoder.cu", constants)));
    }
}
