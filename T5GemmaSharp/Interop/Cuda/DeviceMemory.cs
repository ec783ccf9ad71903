namespace T5GemmaSharp.Interop.Cuda;

/// <summary>Memory of a CUDA device as the driver counts it: that of all processes, with what torch's allocator keeps for later.</summary>
/// <param name="Free">Bytes that nobody holds.</param>
/// <param name="Total">Bytes of the device.</param>
internal readonly record struct DeviceMemory(long Free, long Total)
{
    /// <summary>Bytes that are held.</summary>
    public long Used => Total - Free;

    /// <summary>Asks the driver about the device that torch uses on the calling thread.</summary>
    /// <returns>Null where there is no driver, or torch has not used a device on this thread yet.</returns>
    public static DeviceMemory? Read() => CudaDriver.Instance?.Memory();
}
