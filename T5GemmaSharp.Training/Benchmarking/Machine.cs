using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using T5GemmaSharp.Interop.Cuda;
using TorchSharp;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>The machine that a figure belongs to.</summary>
internal static partial class Machine
{
    private const string ProcessorFile = "/proc/cpuinfo";
    private const string DriverFile = "/proc/driver/nvidia/version";
    private const string GpuFolder = "/proc/driver/nvidia/gpus";

    public static string Processor => FirstValue(ProcessorFile, "model name") ?? RuntimeInformation.ProcessArchitecture.ToString();

    public static string System => RuntimeInformation.OSDescription;

    /// <summary>Name of the device; of a GPU where the system tells.</summary>
    public static string DeviceName(torch.Device device)
    {
        if (device.type != DeviceType.CUDA)
            return Processor;
        var gpus = Directory.Exists(GpuFolder) ? Directory.GetDirectories(GpuFolder).Select(folder => FirstValue(Path.Combine(folder, "information"), "Model")).OfType<string>().Distinct() : [];
        return string.Join(", ", gpus.DefaultIfEmpty(string.Create(CultureInfo.InvariantCulture, $"{torch.cuda.device_count()} CUDA devices")));
    }

    /// <summary>Version of NVIDIA's driver; null without a CUDA device, or where the system does not tell.</summary>
    public static string? Driver(torch.Device device)
        => device.type == DeviceType.CUDA && File.Exists(DriverFile) && DriverVersion().Match(File.ReadAllText(DriverFile)) is { Success: true } match ? match.Value : null;

    /// <summary>Newest version of CUDA that the driver serves; null without a CUDA device.</summary>
    public static string? Cuda(torch.Device device) => device.type == DeviceType.CUDA ? $"{CudaDriver.Instance?.Version}" : null;

    /// <summary>Version of the compiler of kernels; null without a CUDA device or a compiler.</summary>
    public static string? Nvrtc(torch.Device device) => device.type == DeviceType.CUDA ? Interop.Cuda.Nvrtc.Instance?.Version.ToString() : null;

    /// <summary>All of them in a line.</summary>
    public static string CudaVersions(torch.Device device)
        => device.type == DeviceType.CUDA ? $", driver {Driver(device) ?? "unknown"}, CUDA {Cuda(device)}, NVRTC {Nvrtc(device) ?? "not found"}" : "";

    [GeneratedRegex(@"\d+\.\d+(\.\d+)?")]
    private static partial Regex DriverVersion();

    private static string? FirstValue(string file, string key)
        => File.Exists(file) && File.ReadLines(file).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            : null;
}
