using System.Runtime.InteropServices;

namespace T5GemmaSharp.Interop.Cuda;

/// <summary>The driver's functions for copies from the host that go on beside other work: pinned memory and events.</summary>
internal sealed unsafe class CudaCopies
{
    private const uint PortableHostMemory = 1; // pinned for every device
    private const uint EventWithoutTiming = 2;

    private static readonly Lazy<CudaCopies> Shared = new(() => new CudaCopies(NativeLibrary.Load(CudaDriver.LibraryName)));

    private readonly delegate* unmanaged<nint*, nuint, uint, int> _allocateHost;
    private readonly delegate* unmanaged<nint, int> _freeHost;
    private readonly delegate* unmanaged<nint, void*, nuint, nint, int> _copyToDevice;
    private readonly delegate* unmanaged<nint*, uint, int> _createEvent;
    private readonly delegate* unmanaged<nint, int> _destroyEvent;
    private readonly delegate* unmanaged<nint, nint, int> _recordEvent;
    private readonly delegate* unmanaged<nint, int> _synchronizeEvent;
    private readonly delegate* unmanaged<nint, int> _queryEvent;
    private readonly delegate* unmanaged<nint, nint, uint, int> _waitForEvent;

    private CudaCopies(nint library)
    {
        _allocateHost = (delegate* unmanaged<nint*, nuint, uint, int>)NativeLibrary.GetExport(library, "cuMemHostAlloc");
        _freeHost = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cuMemFreeHost");
        _copyToDevice = (delegate* unmanaged<nint, void*, nuint, nint, int>)NativeLibrary.GetExport(library, "cuMemcpyHtoDAsync_v2");
        _createEvent = (delegate* unmanaged<nint*, uint, int>)NativeLibrary.GetExport(library, "cuEventCreate");
        _destroyEvent = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cuEventDestroy_v2");
        _recordEvent = (delegate* unmanaged<nint, nint, int>)NativeLibrary.GetExport(library, "cuEventRecord");
        _synchronizeEvent = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cuEventSynchronize");
        _queryEvent = (delegate* unmanaged<nint, int>)NativeLibrary.GetExport(library, "cuEventQuery");
        _waitForEvent = (delegate* unmanaged<nint, nint, uint, int>)NativeLibrary.GetExport(library, "cuStreamWaitEvent");
    }

    /// <summary>The functions, of a machine that has the driver.</summary>
    public static CudaCopies Instance => Shared.Value;

    /// <summary>Memory of the host that the device reads by itself.</summary>
    public nint AllocateHost(long sizeInBytes)
    {
        nint memory;
        CudaDriver.Required.Check(_allocateHost(&memory, (nuint)sizeInBytes, PortableHostMemory), $"cuMemHostAlloc({sizeInBytes})");
        return memory;
    }

    public void FreeHost(nint memory) => CudaDriver.Required.Check(_freeHost(memory), "cuMemFreeHost");

    /// <summary>Copies from pinned memory, in order with the stream's other work.</summary>
    public void CopyToDevice(nint destination, void* source, long sizeInBytes, nint stream)
        => CudaDriver.Required.Check(_copyToDevice(destination, source, (nuint)sizeInBytes, stream), $"cuMemcpyHtoDAsync({sizeInBytes})");

    public nint CreateEvent()
    {
        nint handle;
        CudaDriver.Required.Check(_createEvent(&handle, EventWithoutTiming), "cuEventCreate");
        return handle;
    }

    public void DestroyEvent(nint handle) => CudaDriver.Required.Check(_destroyEvent(handle), "cuEventDestroy");

    /// <summary>Marks how far a stream is when it gets there.</summary>
    public void Record(nint handle, nint stream) => CudaDriver.Required.Check(_recordEvent(handle, stream), "cuEventRecord");

    /// <summary>Waits until a mark is reached.</summary>
    public void Synchronize(nint handle) => CudaDriver.Required.Check(_synchronizeEvent(handle), "cuEventSynchronize");

    /// <summary>Whether a mark is reached.</summary>
    public bool IsReached(nint handle)
    {
        const int notReady = 600;
        var code = _queryEvent(handle);
        if (code == notReady)
            return false;
        CudaDriver.Required.Check(code, "cuEventQuery");
        return true;
    }

    /// <summary>Lets a stream wait until a mark of another is reached.</summary>
    public void Wait(nint stream, nint handle) => CudaDriver.Required.Check(_waitForEvent(stream, handle, 0), "cuStreamWaitEvent");
}
