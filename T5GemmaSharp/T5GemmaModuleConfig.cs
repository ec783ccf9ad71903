using System.Text.Json;
using System.Text.Json.Serialization;
using T5GemmaSharp.Configuration;

namespace T5GemmaSharp;

/// <summary>Configuration of one stack, encoder or decoder. Immutable; every default is the reference's.</summary>
/// <remarks>HF: <c>T5GemmaModuleConfig</c>. The JSON name of a property is its snake_case form.</remarks>
public sealed record T5GemmaModuleConfig
{
    /// <summary>The value of <c>model_type</c> in a file that holds one stack only.</summary>
    internal const string ModelTypeName = "t5_gemma_module";

    /// <summary>The constant <c>t5_gemma_module</c>.</summary>
    public string ModelType { get; } = ModelTypeName;

    /// <summary>Rows of the embedding table, V; default 256,000.</summary>
    public long VocabSize { get; init; } = 256_000;

    /// <summary>Width of the hidden states, D; default 2,304.</summary>
    public long HiddenSize { get; init; } = 2_304;

    /// <summary>Width inside the feed-forward block, I; default 9,216.</summary>
    public long IntermediateSize { get; init; } = 9_216;

    /// <summary>Number of layers; default 26.</summary>
    public int NumHiddenLayers { get; init; } = 26;

    /// <summary>Number of query heads, H; default 8.</summary>
    public long NumAttentionHeads { get; init; } = 8;

    /// <summary>Number of key and value heads, K; each serves H / K query heads. Default 4.</summary>
    public long NumKeyValueHeads { get; init; } = 4;

    /// <summary>Size of a head, E; independent of D / H. Default 256.</summary>
    public long HeadDim { get; init; } = 256;

    /// <summary>Activation of the feed-forward block; default <see cref="HiddenActivation.GeluPytorchTanh"/>.</summary>
    public HiddenActivation HiddenActivation { get; init; } = HiddenActivation.GeluPytorchTanh;

    /// <summary>Longest sequence seen in training, in tokens; informative, no limit. Default 8,192.</summary>
    public long MaxPositionEmbeddings { get; init; } = 8_192;

    /// <summary>Standard deviation of freshly initialised weights; default 0.02.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Added to the mean square inside the norms; default 1e-6.</summary>
    public double RmsNormEps { get; init; } = 1e-6;

    /// <summary>Whether the decoder keeps keys and values in evaluation mode unless a call says otherwise; default true.</summary>
    public bool UseCache { get; init; } = true;

    /// <summary>Id of padding; null: none. Default 0.</summary>
    public long? PadTokenId { get; init; } = 0;

    /// <summary>Ids that end a sequence; null: none. Default 1.</summary>
    [JsonConverter(typeof(TokenIdsConverter))]
    public IReadOnlyList<long>? EosTokenId { get; init; } = [1];

    /// <summary>Id that starts a decoder sequence; null: none. Default 2.</summary>
    public long? BosTokenId { get; init; } = 2;

    /// <summary>Kept for the file's sake: only the flag of <see cref="T5GemmaConfig"/> is consulted. Default true.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>Rotary position embedding.</summary>
    public RopeParameters RopeParameters { get; init; } = new();

    /// <summary>Whether the attention projections q, k, v and o have biases; default false.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Dropout rate of the attention probabilities; <see cref="T5GemmaConfig.AttentionDropout"/> replaces it.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Attention scores are multiplied by this to the power -1/2; default 256.</summary>
    public long QueryPreAttnScalar { get; init; } = 256;

    /// <summary>Reach W of the sliding layers in tokens: a query sees keys at a distance below W. Default 4,096.</summary>
    public long? SlidingWindow { get; init; } = 4_096;

    /// <summary>Kind of each layer; null: sliding for even layers, full for odd ones.</summary>
    public IReadOnlyList<LayerType>? LayerTypes { get; init; }

    /// <summary>Cap f of the logits, f * tanh(logits / f); null: off. The decoder's value counts. Default 30.</summary>
    public double? FinalLogitSoftcapping { get; init; } = 30.0;

    /// <summary>Cap c of the attention scores, c * tanh(scores / c); null: off. Default 50.</summary>
    public double? AttnLogitSoftcapping { get; init; } = 50.0;

    /// <summary>Whether self-attention is causal; set by <see cref="T5GemmaConfig.Resolve"/>.</summary>
    public bool IsDecoder { get; init; }

    /// <summary>Dropout rate of embeddings, feed-forward blocks and layer outputs; <see cref="T5GemmaConfig.DropoutRate"/> replaces it.</summary>
    public double DropoutRate { get; init; }

    /// <summary>Width of the encoder states that cross-attention reads; set on the decoder by <see cref="T5GemmaConfig.Resolve"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? CrossAttentionHiddenSize { get; init; }

    /// <summary>How attention is computed; not part of the file. Set on both stacks by <see cref="T5GemmaConfig.Resolve"/>.</summary>
    [JsonIgnore]
    public AttentionImplementation AttnImplementation { get; init; }

    /// <summary>Keys that this library does not read; kept so that saving loses nothing.</summary>
    [JsonExtensionData]
    [JsonInclude] // the source generator cannot fill an init-only extension bag
    public IDictionary<string, JsonElement>? AdditionalProperties { get; internal set; }

    /// <summary>The kind of a layer, by <see cref="LayerTypes"/> or by the alternating default.</summary>
    /// <param name="layerIdx">Index of the layer from 0.</param>
    public LayerType LayerTypeOf(int layerIdx) =>
        LayerTypes is { } types ? types[layerIdx] : DefaultLayerType(layerIdx);

    /// <summary>Returns a copy with <see cref="LayerTypes"/> written out.</summary>
    internal T5GemmaModuleConfig WithExplicitLayerTypes() =>
        LayerTypes is null ? this with { LayerTypes = [.. Enumerable.Range(0, NumHiddenLayers).Select(DefaultLayerType)] } : this;

    private static LayerType DefaultLayerType(int layerIdx) =>
        layerIdx % 2 == 0 ? LayerType.SlidingAttention : LayerType.FullAttention;
}
