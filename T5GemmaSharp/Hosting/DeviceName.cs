using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting;

/// <summary>Names of devices in options.</summary>
internal static class DeviceName
{
    private const string Auto = "auto";
    private const string Cpu = "cpu";
    private const string Cuda = "cuda";

    /// <summary>Whether a name is one.</summary>
    public static bool IsKnown(string name) => name is Auto or Cpu or Cuda || Index(name) is not null;

    /// <summary>The device of a known name.</summary>
    public static Device Resolve(string name) => name switch
    {
        Auto => torch.cuda_is_available() ? CUDA : CPU,
        Cpu => CPU,
        Cuda => CUDA,
        _ => torch.device(DeviceType.CUDA, Index(name)!.Value), // the options were checked
    };

    private static int? Index(string name)
        => name.StartsWith(Cuda + ":", StringComparison.Ordinal) && int.TryParse(name.AsSpan(Cuda.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;
}
