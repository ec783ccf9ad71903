using System.Text.Json;
using System.Text.Json.Serialization;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Quantization;
using static TorchSharp.torch;

namespace T5GemmaSharp;

/// <summary>Configuration of an encoder-decoder pair. Immutable; every default is the reference's.</summary>
/// <remarks>HF: <c>T5GemmaConfig</c>. The JSON name of a property is its snake_case form, apart from <c>dtype</c> and <c>id2label</c>.</remarks>
public sealed record T5GemmaConfig
{
    /// <summary>Name of the file in a checkpoint folder.</summary>
    public const string FileName = "config.json";

    /// <summary>The value of <c>model_type</c>.</summary>
    internal const string ModelTypeName = "t5gemma";

    /// <summary>The constant <c>t5gemma</c>.</summary>
    public string ModelType { get; } = ModelTypeName;

    /// <summary>The encoder's configuration.</summary>
    public T5GemmaModuleConfig Encoder { get; init; } = new();

    /// <summary>The decoder's configuration.</summary>
    public T5GemmaModuleConfig Decoder { get; init; } = new();

    /// <summary>False for the encoder-only model and heads; default true.</summary>
    public bool IsEncoderDecoder { get; init; } = true;

    /// <summary>Dropout rate of both stacks; default 0.</summary>
    public double DropoutRate { get; init; }

    /// <summary>Dropout rate before a classification head's projection; default 0.</summary>
    public double ClassifierDropoutRate { get; init; }

    /// <summary>Dropout rate of the attention probabilities of both stacks; default 0.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Whether the language model head uses the decoder's embedding table; default true.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>Informative: the model uses the sizes of <see cref="Encoder"/> and <see cref="Decoder"/>. Default 256,000.</summary>
    public long VocabSize { get; init; } = 256_000;

    /// <summary>Standard deviation of freshly initialised heads; null: the decoder's.</summary>
    public double? InitializerRange { get; init; }

    /// <summary>Id that starts a decoder sequence; null: the decoder's.</summary>
    public long? BosTokenId { get; init; }

    /// <summary>Ids that end a sequence; null: the decoder's.</summary>
    [JsonConverter(typeof(TokenIdsConverter))]
    public IReadOnlyList<long>? EosTokenId { get; init; }

    /// <summary>Id of padding; null: the decoder's.</summary>
    public long? PadTokenId { get; init; }

    /// <summary>Names of the classes of a classification head; null: two classes, <c>LABEL_0</c> and <c>LABEL_1</c>.</summary>
    [JsonPropertyName("id2label")]
    [JsonConverter(typeof(LabelNamesConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Id2Label { get; init; }

    /// <summary>Loss of a sequence classification head; null: inferred from labels and class count in each call.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ProblemType? ProblemType { get; init; }

    /// <summary>Dtype of the stored weights; null: unknown.</summary>
    [JsonPropertyName("dtype")]
    [JsonConverter(typeof(ScalarTypeConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ScalarType? DType { get; init; }

    /// <summary>How the file's matrices of the decoder are stored as integers; null: they are not.</summary>
    /// <remarks>HF: <c>quantization_config</c>, with a method of this library's own.</remarks>
    [JsonPropertyName("quantization_config")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WeightQuantization? Quantization { get; init; }

    /// <summary>Names of the classes that wrote the weights; null: unknown.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Architectures { get; init; }

    /// <summary>How attention is computed; not part of the file.</summary>
    [JsonIgnore]
    public AttentionImplementation AttnImplementation { get; init; }

    /// <summary>Keys that this library does not read; kept so that saving loses nothing.</summary>
    [JsonExtensionData]
    [JsonInclude] // the source generator cannot fill an init-only extension bag
    public IDictionary<string, JsonElement>? AdditionalProperties { get; internal set; }

    /// <summary>Number of classes C of a classification head.</summary>
    /// <remarks>HF: <c>num_labels</c>, the size of <c>id2label</c>; 2 if there is none.</remarks>
    [JsonIgnore]
    public int NumLabels => Id2Label?.Count ?? 2;

    /// <summary>Returns a copy with classes named <c>LABEL_0</c> and so on.</summary>
    /// <param name="numLabels">Number of classes, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="numLabels"/> is below 1.</exception>
    public T5GemmaConfig WithNumLabels(int numLabels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(numLabels, 1);
        return WithLabels([.. Enumerable.Range(0, numLabels).Select(id => $"LABEL_{id}")]);
    }

    /// <summary>Returns a copy with other classes.</summary>
    /// <param name="names">Name of each class id; at least one, none twice.</param>
    /// <exception cref="ArgumentException">There is no name, or one is there twice.</exception>
    /// <remarks>HF: <c>id2label</c> and <c>label2id</c>, which both are written.</remarks>
    public T5GemmaConfig WithLabels(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count == 0)
            throw new ArgumentException("names: expected at least one class, got none", nameof(names));
        if (names.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"names: expected each class once, got {twice.Key} {twice.Count()} times", nameof(names));
        var ids = names.Select((name, id) => (name, id)).ToDictionary(pair => pair.name, pair => pair.id, StringComparer.Ordinal);
        var additional = AdditionalProperties is null ? [] : new Dictionary<string, JsonElement>(AdditionalProperties);
        additional["label2id"] = JsonSerializer.SerializeToElement(ids, T5GemmaJsonContext.Default.DictionaryStringInt32);
        return this with { Id2Label = [.. names], AdditionalProperties = additional };
    }

    /// <summary>Returns a copy in which everything that one part takes from another is written out. Idempotent.</summary>
    /// <remarks>
    /// HF does this by mutation in the constructor: both stacks take the dropout rates; the decoder is causal, uses its cache and learns the
    /// encoder's width; the head's standard deviation and the special ids default to the decoder's.
    /// </remarks>
    public T5GemmaConfig Resolve()
    {
        var encoder = Encoder.WithExplicitLayerTypes() with
        {
            IsDecoder = false,
            DropoutRate = DropoutRate,
            AttentionDropout = AttentionDropout,
            AttnImplementation = AttnImplementation,
        };
        var decoder = Decoder.WithExplicitLayerTypes() with
        {
            IsDecoder = true,
            UseCache = true,
            DropoutRate = DropoutRate,
            AttentionDropout = AttentionDropout,
            CrossAttentionHiddenSize = Encoder.HiddenSize,
            AttnImplementation = AttnImplementation,
        };
        return this with
        {
            Encoder = encoder,
            Decoder = decoder,
            InitializerRange = InitializerRange ?? decoder.InitializerRange,
            BosTokenId = BosTokenId ?? decoder.BosTokenId,
            EosTokenId = EosTokenId ?? decoder.EosTokenId,
            PadTokenId = PadTokenId ?? decoder.PadTokenId,
        };
    }

    /// <summary>Checks every field.</summary>
    /// <exception cref="T5GemmaConfigException">At least one field is impossible; the exception lists all faults.</exception>
    public void Validate() => ConfigValidator.Validate(this, nameof(T5GemmaConfig));

    /// <summary>Reads, resolves and validates a configuration of either generation of transformers (4.x or 5.x).</summary>
    /// <param name="json">The text of a <c>config.json</c>; a single stack's file is taken as an encoder-only configuration.</param>
    /// <exception cref="T5GemmaConfigException">The text is not JSON, a field has a wrong type, or a value is impossible.</exception>
    public static T5GemmaConfig FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return ConfigJson.Read(json, nameof(T5GemmaConfig));
    }

    /// <summary>Reads the <c>config.json</c> of a checkpoint folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="FileNotFoundException">The folder has no <c>config.json</c>.</exception>
    /// <exception cref="T5GemmaConfigException">The file is not a valid configuration.</exception>
    public static T5GemmaConfig FromPretrained(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"{folder}: no such folder; expected a checkpoint folder with {FileName}");
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: no such file; a checkpoint folder needs {FileName}", path);
        return ConfigJson.Read(File.ReadAllText(path), path);
    }

    /// <summary>Returns the text of a <c>config.json</c> in transformers' 5.x form, keys sorted.</summary>
    public string ToJson() => ConfigJson.Write(Resolve(), T5GemmaJsonContext.Default.T5GemmaConfig);
}
