using System.Reflection;

namespace T5GemmaSharp.Kernels.Cuda;

/// <summary>The CUDA sources that the library carries.</summary>
internal static class KernelSource
{
    /// <summary>A source with what all build on before it.</summary>
    /// <param name="name">File name, for example <c>decode.cu</c>.</param>
    public static string Read(string name) => $"{Resource("common.cuh")}\n#line 1 \"{name}\"\n{Resource(name)}";

    private static string Resource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name}: not among the library's resources");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
