namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>What a model is, for a report.</summary>
/// <param name="Parameters">Number of parameters.</param>
/// <param name="DType">Dtype of the weights, by torch's name.</param>
/// <param name="Quantization">How the decoder's matrices are stored; null: in that dtype.</param>
internal sealed record ModelSummary(long Parameters, string DType, string? Quantization = null)
{
    public static ModelSummary Of(T5GemmaForConditionalGeneration model)
        => new(
            model.parameters().Sum(parameter => parameter.numel()) + (model.Quantized?.ReplacedElements ?? 0),
            $"{model.Model.Decoder.EmbedTokens.weight!.dtype}".ToLowerInvariant(), // an embedding has a weight
            model.Quantization?.ToString());
}
