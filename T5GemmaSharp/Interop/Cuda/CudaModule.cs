namespace T5GemmaSharp.Interop.Cuda;

/// <summary>Compiled code on the device.</summary>
internal sealed class CudaModule : IDisposable
{
    private nint _handle;

    /// <summary>Loads an image into the context that is current on this thread.</summary>
    /// <param name="image">A cubin for the device.</param>
    /// <exception cref="CudaException">The driver refuses it.</exception>
    public CudaModule(ReadOnlySpan<byte> image) => _handle = CudaDriver.Required.LoadModule(image);

    /// <summary>A kernel.</summary>
    /// <param name="name">Its name, in C linkage.</param>
    /// <exception cref="CudaException">The module has no such kernel.</exception>
    public CudaKernel Kernel(string name)
    {
        ObjectDisposedException.ThrowIf(_handle == 0, this);
        return new CudaKernel(CudaDriver.Required.Function(_handle, name));
    }

    public void Dispose()
    {
        if (_handle == 0)
            return;
        CudaDriver.Required.UnloadModule(_handle);
        _handle = 0;
    }
}
