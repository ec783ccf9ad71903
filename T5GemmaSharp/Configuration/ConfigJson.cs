using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace T5GemmaSharp.Configuration;

/// <summary>Reads both generations of <c>config.json</c> and writes the newer one.</summary>
internal static class ConfigJson
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads, resolves and validates a model's configuration.</summary>
    internal static T5GemmaConfig Read(string json, string source)
    {
        var config = Guarded(source, () => JsonSerializer.Deserialize(Normalize(Parse(json)), T5GemmaJsonContext.Default.T5GemmaConfig)!); // an object node never gives null
        ConfigValidator.Validate(config, source); // first: resolving writes one entry a layer, however many the file claims
        return config.Resolve();
    }

    /// <summary>Reads any other configuration whose properties are all optional.</summary>
    internal static T Read<T>(string json, string source, JsonTypeInfo<T> contract)
        where T : class => Guarded(source, () => JsonSerializer.Deserialize(Parse(json), contract)!); // an object node never gives null

    /// <summary>Reads any other configuration over its defaults.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <param name="defaults">What holds where the text is silent.</param>
    /// <param name="contract">The type's contract.</param>
    /// <param name="lists">Keys of lists that a file may write as their only element.</param>
    internal static T Read<T>(string json, string source, T defaults, JsonTypeInfo<T> contract, params string[] lists)
        where T : class => Guarded(source, () =>
        {
            var root = Parse(json);
            foreach (var key in lists.Where(key => root[key] is JsonValue))
                root[key] = new JsonArray(root[key]!.DeepClone()); // a JSON value
            return JsonSerializer.Deserialize(WithDefaults(root, defaults, contract), contract)!; // an object node never gives null
        });

    /// <summary>Writes a configuration, its own keys sorted; those of its objects keep an order that means something.</summary>
    internal static string WriteInOrder<T>(T config, JsonTypeInfo<T> contract) =>
        SortedAtTop(JsonSerializer.SerializeToNode(config, contract)!.AsObject()).ToJsonString(Indented) + "\n"; // a record is an object

    /// <summary>Writes a configuration, keys sorted.</summary>
    internal static string Write<T>(T config, JsonTypeInfo<T> contract) =>
        Sorted(JsonSerializer.SerializeToNode(config, contract))!.ToJsonString(Indented) + "\n"; // a record is no null node

    private static JsonObject Parse(string json) =>
        JsonNode.Parse(json, documentOptions: Strict) as JsonObject ?? throw new JsonException("expected a JSON object");

    private static T Guarded<T>(string source, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (JsonException fault)
        {
            var field = fault.Path is { } path ? $"{path.TrimStart('$', '.')}: " : string.Empty;
            throw new T5GemmaConfigException(source, [field + fault.Message], fault);
        }
        catch (InvalidOperationException fault) when (fault.Source?.StartsWith("System.Text.Json", StringComparison.Ordinal) == true)
        {
            throw new T5GemmaConfigException(source, [$"a string is no valid Unicode: {fault.Message}"], fault); // found only when the string is read
        }
    }

    private static JsonObject Normalize(JsonObject root)
    {
        if (root["model_type"]?.ToString() == T5GemmaModuleConfig.ModelTypeName)
            root = new JsonObject { ["encoder"] = root.DeepClone(), ["is_encoder_decoder"] = false };
        CheckModelType(root, T5GemmaConfig.ModelTypeName);
        Rename(root, "torch_dtype", "dtype");
        foreach (var stack in new[] { "encoder", "decoder" })
        {
            // 4.x took a missing decoder as a copy of the encoder; 5.x, which this library follows, takes the defaults.
            var given = ObjectOrNull(root, stack) ?? [];
            CheckModelType(given, T5GemmaModuleConfig.ModelTypeName);
            Rename(given, "torch_dtype", "dtype");
            NormalizeRope(given);
            root[stack] = WithDefaults(given, new T5GemmaModuleConfig(), T5GemmaJsonContext.Default.T5GemmaModuleConfig);
        }
        return WithDefaults(root, new T5GemmaConfig(), T5GemmaJsonContext.Default.T5GemmaConfig);
    }

    /// <summary>Adds the keys that a file leaves out, so that the defaults stand in one place, the record's initialisers.</summary>
    private static JsonObject WithDefaults<T>(JsonObject given, T defaults, JsonTypeInfo<T> contract)
    {
        var complete = JsonSerializer.SerializeToNode(defaults, contract)!.AsObject(); // a record is no null node
        foreach (var (key, value) in given)
            complete[key] = value?.DeepClone();
        return complete;
    }

    private static void CheckModelType(JsonObject node, string expected)
    {
        if (node["model_type"] is { } actual && actual.ToString() != expected)
            throw new JsonException($"model_type: expected \"{expected}\", got \"{actual}\"");
    }

    private static void NormalizeRope(JsonObject stack)
    {
        var rope = (ObjectOrNull(stack, "rope_scaling") ?? ObjectOrNull(stack, "rope_parameters"))?.DeepClone().AsObject() ?? [];
        Rename(rope, "type", "rope_type");
        if (stack["rope_theta"] is { } theta && !rope.ContainsKey("rope_theta"))
            rope["rope_theta"] = theta.DeepClone();
        stack.Remove("rope_scaling");
        stack.Remove("rope_theta");
        var defaults = JsonSerializer.SerializeToNode(new T5GemmaModuleConfig(), T5GemmaJsonContext.Default.T5GemmaModuleConfig)!["rope_parameters"]!.AsObject(); // both are objects
        foreach (var (key, value) in rope)
            defaults[key] = value?.DeepClone();
        stack["rope_parameters"] = defaults.DeepClone();
    }

    private static JsonObject? ObjectOrNull(JsonObject node, string key) =>
        node[key] is { } value ? value as JsonObject ?? throw new JsonException($"{key}: expected an object, got {value.ToJsonString()}") : null;

    private static void Rename(JsonObject node, string legacy, string current)
    {
        if (!node.Remove(legacy, out var value) || node.ContainsKey(current))
            return;
        node[current] = value;
    }

    private static JsonObject SortedAtTop(JsonObject node) =>
        new(node.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone())));

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject children => new JsonObject(children.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => KeyValuePair.Create(pair.Key, Sorted(pair.Value)))),
        _ => node?.DeepClone(),
    };
}
