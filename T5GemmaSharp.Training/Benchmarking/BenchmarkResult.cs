using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>What a benchmark found.</summary>
internal sealed record BenchmarkResult
{
    /// <summary>Name of the rate at which decoding reads weights, keys and values.</summary>
    public const string DecodeSpeed = "decode_gb_per_second";

    private const string Tflops = "tflops";
    private const double Giga = 1e9;
    private const double Tera = 1e12;

    public required ModelSummary Model { get; init; }

    /// <summary>Who computed the decoder's steps; null: none were measured.</summary>
    public DecodingRoute? Route { get; init; }

    /// <summary>Who computed the encoder's passes; null: none were measured alone.</summary>
    public EncodingRoute? Encoding { get; init; }

    /// <summary>Times by what they are the time of.</summary>
    public Dictionary<string, Timing> Seconds { get; } = [];

    /// <summary>Figures that follow from the medians, by name and unit.</summary>
    public Dictionary<string, double> Rates { get; } = [];

    /// <summary>Adds how fast operations were.</summary>
    /// <param name="flops">Operations of a run.</param>
    /// <param name="time">Seconds of a run.</param>
    public void AddFlops(double flops, Timing time)
    {
        Rates["flops"] = flops;
        Rates[Tflops] = flops / time.Median / Tera;
    }

    /// <summary>Adds what the device can do, and how much of it was reached.</summary>
    public void AddShares(DeviceLimits limits)
    {
        Rates["device_copy_gb_per_second"] = limits.CopyBytesPerSecond / Giga;
        Rates["device_matmul_tflops"] = limits.MatmulFlops / Tera;
        if (Rates.TryGetValue(DecodeSpeed, out var speed))
            Rates["copy_share"] = speed * Giga / limits.CopyBytesPerSecond;
        if (Rates.TryGetValue(Tflops, out var tflops))
            Rates["matmul_share"] = tflops * Tera / limits.MatmulFlops;
    }
}
