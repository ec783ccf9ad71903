using System.Globalization;
using T5GemmaSharp.Interop.Cuda;

namespace T5GemmaSharp.Kernels.Cuda;

/// <summary>Turns a source into code for the current device, once a machine.</summary>
internal static class KernelCompiler
{
    /// <summary>Compiles, or takes the result from the cache.</summary>
    /// <param name="name">The source's file name.</param>
    /// <param name="constants">Its compile-time constants.</param>
    /// <returns>The loaded module, which belongs to the device that is current on this thread.</returns>
    /// <exception cref="CudaException">There is no compiler, it does not know the device, or the driver refuses the code.</exception>
    public static CudaModule Load(string name, IReadOnlyDictionary<string, string> constants)
        => new(Compile(name, Architecture(), constants, CubinCache.Default));

    /// <summary>Compiles for an architecture, or takes the result from the cache.</summary>
    /// <param name="name">The source's file name.</param>
    /// <param name="architecture">For example <c>sm_90</c>.</param>
    /// <param name="constants">Compile-time constants.</param>
    /// <param name="cache">Where results are kept.</param>
    /// <returns>The cubin.</returns>
    /// <exception cref="CudaException">There is no compiler, or it does not know the architecture.</exception>
    internal static byte[] Compile(string name, string architecture, IReadOnlyDictionary<string, string> constants, CubinCache cache)
    {
        var compiler = Nvrtc.Instance
            ?? throw new CudaException($"NVRTC was not found beside libtorch or in a CUDA toolkit; set {NvrtcLibrary.PathVariable} to the path of its library.");
        var source = KernelSource.Read(name);
        List<string> options = [$"-arch={architecture}", "-std=c++17", .. Definitions(constants)];
        var key = CubinCache.Key(source, options, compiler.Version);
        if (cache.Read(key) is { } kept)
            return kept;
        var code = compiler.Compile(source, name, options);
        cache.Write(key, code);
        return code;
    }

    /// <summary>A text that is the same for the same constants.</summary>
    public static string Describe(IReadOnlyDictionary<string, string> constants) => string.Join(' ', Definitions(constants));

    /// <summary>A float constant in CUDA's notation.</summary>
    public static string Float(double value)
    {
        var text = ((float)value).ToString("R", CultureInfo.InvariantCulture);
        return (text.Contains('.', StringComparison.Ordinal) || text.Contains('E', StringComparison.Ordinal) ? text : text + ".") + "f";
    }

    private static IEnumerable<string> Definitions(IReadOnlyDictionary<string, string> constants)
        => constants.OrderBy(constant => constant.Key, StringComparer.Ordinal).Select(constant => $"-D{constant.Key}={constant.Value}");

    private static string Architecture()
    {
        var driver = CudaDriver.Required;
        return $"sm_{driver.Attribute(DeviceAttribute.ComputeCapabilityMajor)}{driver.Attribute(DeviceAttribute.ComputeCapabilityMinor)}";
    }
}
