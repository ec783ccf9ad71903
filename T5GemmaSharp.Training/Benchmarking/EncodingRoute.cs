using System.Globalization;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>Who computed the encoder's passes.</summary>
/// <param name="Reason">Why the modules did; null: the library's CUDA kernels did.</param>
internal sealed record EncodingRoute(string? Reason)
{
    /// <summary>The kernels or the modules.</summary>
    public string Engine => Reason is null ? "CudaKernels" : "Modules";

    /// <summary>One line.</summary>
    public override string ToString() => Reason is null ? Engine : string.Create(CultureInfo.InvariantCulture, $"{Engine}: {Reason}");
}
