using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>The machine that a figure belongs to.</summary>
internal static class Machine
{
    private const string ProcessorFile = "/proc/cpuinfo";
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

    private static string? FirstValue(string file, string key)
        => File.Exists(file) && File.ReadLines(file).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            : null;
}
