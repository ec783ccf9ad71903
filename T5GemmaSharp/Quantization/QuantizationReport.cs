namespace T5GemmaSharp.Quantization;

/// <summary>What quantizing a model's weights saved and lost.</summary>
/// <param name="Quantization">How they are stored.</param>
/// <param name="Weights">The quantized matrices.</param>
public sealed record QuantizationReport(WeightQuantization Quantization, IReadOnlyList<QuantizedWeight> Weights)
{
    /// <summary>Bytes of these matrices before.</summary>
    public long BytesBefore => Weights.Sum(weight => weight.BytesBefore);

    /// <summary>Bytes of their integers and scales.</summary>
    public long BytesAfter => Weights.Sum(weight => weight.BytesAfter);

    /// <summary>The mean of <see cref="QuantizedWeight.RelativeError"/>.</summary>
    public double MeanRelativeError => Weights.Average(weight => weight.RelativeError);

    /// <summary>The matrix that lost most.</summary>
    public QuantizedWeight Worst => Weights.MaxBy(weight => weight.RelativeError)!; // a decoder has matrices
}
