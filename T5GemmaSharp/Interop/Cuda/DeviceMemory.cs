using System.Runtime.InteropServices;

namespace T5GemmaSharp.Interop.Cuda;

/// <summary>Memory of a CUDA device as the driver counts it: that of all processes, with what torch's allocator keeps for later.</summary>
/// <param name="Free">Bytes that nobody holds.</param>
/// <param name="Total">Bytes of the device.</param>
internal readonly record struct DeviceMemory(long Free, long Total)
{
    private const int Success = 0;

    /// <summary>Bytes that are held.</summary>
    public long Used => Total - Free;

    private static string DriverLibrary => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>Asks the driver about the device that torch uses on the calling thread.</summary>
    /// <returns>Null where there is no driver, or torch has not used a device on this thread yet.</returns>
    public static unsafe DeviceMemory? Read()
    {
        if (!NativeLibrary.TryLoad(DriverLibrary, out var driver) || !NativeLibrary.TryGetExport(driver, "cuMemGetInfo_v2", out var function))
            return null;
        nuint free, total;
        return ((delegate* unmanaged<nuint*, nuint*, int>)function)(&free, &total) == Success ? new DeviceMemory((long)free, (long)total) : null;
    }
}
