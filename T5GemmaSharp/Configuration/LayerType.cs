using System.Text.Json.Serialization;

namespace T5GemmaSharp.Configuration;

/// <summary>Which keys a layer's self-attention may see.</summary>
/// <remarks>HF: the entries of <c>layer_types</c>.</remarks>
[JsonConverter(typeof(SnakeCaseEnumConverter<LayerType>))]
public enum LayerType
{
    /// <summary>Only keys within the sliding window; JSON <c>sliding_attention</c>.</summary>
    SlidingAttention,

    /// <summary>Every key that the padding and causal masks allow; JSON <c>full_attention</c>.</summary>
    FullAttention,
}
