namespace T5GemmaSharp.Training.Adaptation;

/// <summary>Where the parameters of a T5Gemma model come from.</summary>
/// <remarks>HF: the state dicts of <c>Gemma2ForCausalLM</c> and <c>T5GemmaForConditionalGeneration</c>.</remarks>
internal static class Gemma2Names
{
    /// <summary>Names that cross-attention alone has.</summary>
    public const string CrossAttention = ".cross_attn.";

    private const string EncoderPrefix = "model.encoder.";
    private const string DecoderPrefix = "model.decoder.";

    /// <summary>Whether a parameter belongs to the encoder.</summary>
    public static bool IsOfEncoder(string name) => name.StartsWith(EncoderPrefix, StringComparison.Ordinal);

    /// <summary>Name of the tensor of a Gemma 2 model that a parameter is copied from; null: there is none, as of a norm around cross-attention.</summary>
    public static string? SourceOf(string name)
    {
        if (name.Contains("_cross_attn_layernorm.", StringComparison.Ordinal))
            return null;
        return name
            .Replace(EncoderPrefix, "model.", StringComparison.Ordinal)
            .Replace(DecoderPrefix, "model.", StringComparison.Ordinal)
            .Replace("lm_head.out_proj.", "lm_head.", StringComparison.Ordinal)
            .Replace(".pre_self_attn_layernorm.", ".input_layernorm.", StringComparison.Ordinal)
            .Replace(".post_self_attn_layernorm.", ".post_attention_layernorm.", StringComparison.Ordinal)
            .Replace(CrossAttention, ".self_attn.", StringComparison.Ordinal);
    }
}
