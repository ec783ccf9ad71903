using System.Text.Json;
using System.Text.Json.Serialization;
using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Adapters;

/// <summary>Settings of a LoRA, rsLoRA or DoRA adapter. Immutable; every default is PEFT's, apart from <see cref="TargetModules"/>.</summary>
/// <remarks>PEFT: <c>LoraConfig</c>. The JSON name of a property is its snake_case form.</remarks>
public sealed record LoraConfig
{
    /// <summary>Name of the file in an adapter's folder.</summary>
    public const string FileName = "adapter_config.json";

    internal const string Lora = "LORA";
    internal const string NoBias = "none";

    /// <summary>Kind of the adapter; only <c>LORA</c>, the default, is supported.</summary>
    public string PeftType { get; init; } = Lora;

    /// <summary>What the model does: <c>SEQ_2_SEQ_LM</c>, <c>SEQ_CLS</c>, <c>TOKEN_CLS</c> and so on; null: by the class of the model. The two classifications train their head too.</summary>
    public string? TaskType { get; init; }

    /// <summary>Folder or name of the base model; informative. Null: unknown.</summary>
    public string? BaseModelNameOrPath { get; init; }

    /// <summary>Revision of the base model; informative. Null: unknown.</summary>
    public string? Revision { get; init; }

    /// <summary>Informative: whether a file's adapter is meant for use rather than training; saving writes true.</summary>
    public bool InferenceMode { get; init; }

    /// <summary>Rank of the change; default 8, at least 1.</summary>
    public int R { get; init; } = 8;

    /// <summary>The change is scaled by this over the rank, or with <see cref="UseRslora"/> over the rank's square root; default 8.</summary>
    public double LoraAlpha { get; init; } = 8;

    /// <summary>Dropout rate of what enters the change, in training mode only; default 0, below 1.</summary>
    public double LoraDropout { get; init; }

    /// <summary>The linear layers that are adapted; default <see cref="ModuleSelection.Projections"/>. PEFT has no default for this model.</summary>
    public ModuleSelection? TargetModules { get; init; } = ModuleSelection.Projections;

    /// <summary>Layers that are not adapted although <see cref="TargetModules"/> has them; null: none.</summary>
    public ModuleSelection? ExcludeModules { get; init; }

    /// <summary>Which biases are trained; only <c>none</c>, the default, is supported.</summary>
    public string Bias { get; init; } = NoBias;

    /// <summary>Whether the scale is alpha over the square root of the rank; default false.</summary>
    public bool UseRslora { get; init; }

    /// <summary>Whether each output's magnitude is trained apart from its direction (DoRA); default false.</summary>
    public bool UseDora { get; init; }

    /// <summary>Modules of which a copy is trained in full and saved, such as <c>score</c>; their parameters belong to linear layers. Null: none.</summary>
    public IReadOnlyList<string>? ModulesToSave { get; init; }

    /// <summary>Ranks other than <see cref="R"/>, by the ends of names or regular expressions for them; the first that matches counts. Null: none.</summary>
    public IReadOnlyDictionary<string, int>? RankPattern { get; init; } = new Dictionary<string, int>();

    /// <summary>Values other than <see cref="LoraAlpha"/>, in the same manner. Null: none.</summary>
    public IReadOnlyDictionary<string, double>? AlphaPattern { get; init; } = new Dictionary<string, double>();

    /// <summary>Numbers of the layers that are adapted, from 0, in both stacks; names in <see cref="TargetModules"/> are needed. Null or empty: all.</summary>
    public IReadOnlyList<int>? LayersToTransform { get; init; }

    /// <summary>Names of the lists that <see cref="LayersToTransform"/> counts in; null or empty: any.</summary>
    public IReadOnlyList<string>? LayersPattern { get; init; }

    /// <summary>Informative: the version of PEFT that wrote the file, or whose format this is.</summary>
    public string? PeftVersion { get; init; } = "0.18.0";

    /// <summary>Keys that this library does not read; kept so that saving loses nothing.</summary>
    [JsonExtensionData]
    [JsonInclude] // the source generator cannot fill an init-only extension bag
    public IDictionary<string, JsonElement>? AdditionalProperties { get; internal set; }

    /// <summary>Checks all values.</summary>
    /// <exception cref="T5GemmaConfigException">A value is impossible; the message lists all.</exception>
    /// <exception cref="NotSupportedException">The settings ask for what this library does not have; the message lists all.</exception>
    public void Validate() => LoraConfigValidator.Validate(this, nameof(LoraConfig));

    /// <summary>Reads and validates a configuration.</summary>
    /// <param name="json">The text of an <c>adapter_config.json</c>.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <exception cref="T5GemmaConfigException">The text is not JSON, a field has a wrong type, or a value is impossible.</exception>
    /// <exception cref="NotSupportedException">The settings ask for what this library does not have; the message lists all.</exception>
    public static LoraConfig FromJson(string json, string source = FileName)
    {
        ArgumentNullException.ThrowIfNull(json);
        var config = ConfigJson.Read(json, source, new LoraConfig { PeftVersion = null }, T5GemmaJsonContext.Default.LoraConfig, "layers_to_transform", "layers_pattern", "modules_to_save");
        LoraConfigValidator.Validate(config, source);
        return config;
    }

    /// <summary>Reads the <c>adapter_config.json</c> of an adapter's folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="IOException">The folder or the file does not exist.</exception>
    /// <exception cref="T5GemmaConfigException">The file is not a valid configuration.</exception>
    /// <exception cref="NotSupportedException">The settings ask for what this library does not have.</exception>
    public static LoraConfig FromPretrained(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var path = Path.Combine(folder, FileName);
        return FromJson(File.ReadAllText(path), path);
    }

    /// <summary>Returns the text of an <c>adapter_config.json</c>, keys sorted.</summary>
    public string ToJson()
    {
        // Fields without which PEFT would take its own defaults, which are these.
        var additional = AdditionalProperties is null ? [] : new Dictionary<string, JsonElement>(AdditionalProperties);
        additional.TryAdd("fan_in_fan_out", JsonSerializer.SerializeToElement(value: false, T5GemmaJsonContext.Default.Boolean));
        additional.TryAdd("init_lora_weights", JsonSerializer.SerializeToElement(value: true, T5GemmaJsonContext.Default.Boolean));
        return ConfigJson.WriteInOrder(this with { AdditionalProperties = additional }, T5GemmaJsonContext.Default.LoraConfig);
    }
}
