using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Interop.Cuda;

/// <summary>Device memory that torch's allocator keeps for later, which the driver's own calls cannot use.</summary>
internal static class TorchReserve
{
    private const long MoreThanAnyDeviceHas = 1L << 50;

    /// <summary>Gives it back to the driver. The device finishes its work first.</summary>
    public static void Release()
    {
        try
        {
            // TorchSharp has no call for this. The allocator frees its reserve before it refuses a request.
            using var refused = torch.empty([MoreThanAnyDeviceHas], dtype: ScalarType.Byte, device: CUDA);
        }
        catch (ExternalException)
        {
            // as intended
        }
    }
}
