using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Generation;

/// <summary>Settings of a generation. A null means "not given": the model's own value, or else the default, then counts.</summary>
/// <remarks>HF: <c>GenerationConfig</c>. The JSON name of a property is its snake_case form.</remarks>
public sealed partial record GenerationConfig
{
    /// <summary>Name of the file in a checkpoint folder.</summary>
    public const string FileName = "generation_config.json";

    private const long DefaultNewTokens = 20;

    private static readonly PropertyInfo[] Settings =
        [.. typeof(GenerationConfig).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite && property.Name != nameof(AdditionalProperties))];

    /// <summary>Longest result in tokens, start token and prompt included; default 20 more than the prompt. <see cref="MaxNewTokens"/> comes before it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MaxLength { get; init; }

    /// <summary>Most tokens to generate.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MaxNewTokens { get; init; }

    /// <summary>Fewest tokens to generate before an end token is allowed; default 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MinNewTokens { get; init; }

    /// <summary>Shortest result in tokens, start token and prompt included; default 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MinLength { get; init; }

    /// <summary>Longest time in seconds; the step in progress is finished.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? MaxTime { get; init; }

    /// <summary>Texts that end a row; they need <see cref="GenerationControls.Tokenizer"/>.</summary>
    [JsonConverter(typeof(TextsConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? StopStrings { get; init; }

    /// <summary>Whether keys and values are kept between steps; default true.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? UseCache { get; init; }

    /// <summary>Id of padding, which fills finished rows; default the first end id.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? PadTokenId { get; init; }

    /// <summary>Id that starts the decoder where <see cref="DecoderStartTokenId"/> is not given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? BosTokenId { get; init; }

    /// <summary>Ids that end a row; null: none.</summary>
    [JsonConverter(typeof(TokenIdsConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<long>? EosTokenId { get; init; }

    /// <summary>Id that starts the decoder.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? DecoderStartTokenId { get; init; }

    /// <summary>Keys that this library does not read; kept so that saving loses nothing.</summary>
    [JsonExtensionData]
    [JsonInclude] // the source generator cannot fill an init-only extension bag
    public IDictionary<string, JsonElement>? AdditionalProperties { get; internal set; }

    /// <summary>Reads the file of a checkpoint folder, or takes the special ids of the model's configuration if there is none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="config">The model's configuration.</param>
    /// <exception cref="T5GemmaConfigException">The file is no valid generation configuration.</exception>
    public static GenerationConfig FromPretrained(string folder, T5GemmaConfig config)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) ? FromJson(File.ReadAllText(path), path) : FromModelConfig(config);
    }

    /// <summary>Reads a configuration.</summary>
    /// <param name="json">The text of a <c>generation_config.json</c>.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <exception cref="T5GemmaConfigException">The text is no valid generation configuration.</exception>
    public static GenerationConfig FromJson(string json, string source = FileName)
    {
        ArgumentNullException.ThrowIfNull(json);
        return ConfigJson.Read(json, source, T5GemmaJsonContext.Default.GenerationConfig);
    }

    /// <summary>Takes the special ids of a model's configuration.</summary>
    /// <param name="config">The model's configuration.</param>
    public static GenerationConfig FromModelConfig(T5GemmaConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var resolved = config.Resolve();
        return new() { BosTokenId = resolved.BosTokenId, EosTokenId = resolved.EosTokenId, PadTokenId = resolved.PadTokenId };
    }

    /// <summary>Writes the file into a checkpoint folder.</summary>
    /// <param name="folder">The folder.</param>
    public void SavePretrained(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        TextFile.Write(Path.Combine(folder, FileName), ConfigJson.Write(this, T5GemmaJsonContext.Default.GenerationConfig));
    }

    /// <summary>Returns a copy in which every setting that is given in another configuration replaces this one's.</summary>
    /// <param name="settings">The other configuration; null: none.</param>
    public GenerationConfig Override(GenerationConfig? settings)
    {
        if (settings is null)
            return this;
        var merged = this with { };
        foreach (var property in Settings)
        {
            if (property.GetValue(settings) is { } given)
                property.SetValue(merged, given);
        }

        merged.AdditionalProperties = Merged(AdditionalProperties, settings.AdditionalProperties);
        return merged;
    }

    /// <summary>The length at which a result ends, in tokens, start token and prompt included.</summary>
    /// <param name="promptLength">Tokens before the first new one, the start token included.</param>
    public long MaxLengthAfter(long promptLength) => MaxNewTokens + promptLength ?? MaxLength ?? DefaultNewTokens + promptLength;

    // Joins the keys that this library does not read, so that one configuration's do not hide the other's.
    private static IDictionary<string, JsonElement>? Merged(IDictionary<string, JsonElement>? properties, IDictionary<string, JsonElement>? settings)
    {
        if (properties is null || settings is null)
            return settings ?? properties;
        var merged = new Dictionary<string, JsonElement>(properties);
        foreach (var (key, value) in settings)
            merged[key] = value;
        return merged;
    }
}
