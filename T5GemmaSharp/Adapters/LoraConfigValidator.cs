using System.Text.Json;
using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Adapters;

/// <summary>Checks an adapter's configuration and reports all faults together.</summary>
internal static class LoraConfigValidator
{
    // No layer is wider: a larger rank would only end in an allocation failure with a worse message.
    private const int MaxRank = 1 << 16;
    private const string InitField = "init_lora_weights";

    private static readonly string[] TaskTypes = ["SEQ_CLS", "SEQ_2_SEQ_LM", "CAUSAL_LM", "TOKEN_CLS", "QUESTION_ANS", "FEATURE_EXTRACTION"];

    // Any value but null, false and nothing changes what the adapter computes.
    private static readonly string[] UnsupportedFields =
    [
        "alora_invocation_tokens", "arrow_config", "fan_in_fan_out", "layer_replication", "lora_bias", "megatron_config", "target_parameters", "trainable_token_indices",
        "use_bdlora", "use_qalora",
    ];

    // These take something out of the base model's weights, which the file of an adapter does not have.
    private static readonly string[] UnsupportedStarts = ["pissa", "olora", "corda", "loftq"];

    public static void Validate(LoraConfig config, string source)
    {
        if (Unsupported(config).ToList() is { Count: > 0 } unsupported)
            throw new NotSupportedException($"{source}: {string.Join("; ", unsupported)}");
        if (Faults(config).ToList() is { Count: > 0 } faults)
            throw new T5GemmaConfigException(source, faults);
    }

    /// <summary>Refuses a start of the factors that a fresh adapter would not get. A trained one has its values in a file, whatever they were at first.</summary>
    public static void RequireUsualStart(LoraConfig config)
    {
        if (config.AdditionalProperties?.TryGetValue(InitField, out var start) == true && start.ValueKind != JsonValueKind.True)
            throw new NotSupportedException($"{nameof(LoraConfig)}: {InitField}: a fresh adapter starts as with true, got {start.GetRawText()}");
    }

    private static IEnumerable<string> Unsupported(LoraConfig config)
    {
        if (config.PeftType != LoraConfig.Lora)
            yield return $"peft_type: only {LoraConfig.Lora} is supported, got {config.PeftType ?? "null"}";
        if (config.Bias is "all" or "lora_only")
            yield return $"bias: only {LoraConfig.NoBias} is supported, got {config.Bias}";
        foreach (var field in UnsupportedFields)
        {
            if (config.AdditionalProperties?.TryGetValue(field, out var value) == true && IsSet(value))
                yield return $"{field}: not supported, got {value.GetRawText()}";
        }

        if (config.AdditionalProperties?.TryGetValue(InitField, out var start) == true && start.ValueKind == JsonValueKind.String
            && Array.Exists(UnsupportedStarts, name => start.GetString()!.StartsWith(name, StringComparison.OrdinalIgnoreCase))) // a string is never null
        {
            yield return $"{InitField}: not supported, got {start.GetRawText()}; let PEFT convert the adapter to a plain one";
        }
    }

    private static bool IsSet(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => false,
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => true,
    };

    private static IEnumerable<string> Faults(LoraConfig config) =>
        [.. Values(config), .. Targets(config), .. Patterns("rank_pattern", config.RankPattern), .. Patterns("alpha_pattern", config.AlphaPattern)];

    private static IEnumerable<string> Values(LoraConfig config)
    {
        if (config.TaskType is { } task && !TaskTypes.Contains(task))
            yield return $"task_type: expected one of {string.Join(", ", TaskTypes)}, got {task}";
        if (config.Bias is not (LoraConfig.NoBias or "all" or "lora_only"))
            yield return $"bias: expected none, all or lora_only, got {config.Bias ?? "null"}";
        if (config.LoraDropout is not (>= 0 and < 1))
            yield return $"lora_dropout: expected a rate from 0 to below 1, got {config.LoraDropout}";
        foreach (var (name, rank) in (config.RankPattern ?? new Dictionary<string, int>()).Select(pair => ($"rank_pattern.{pair.Key}", pair.Value)).Prepend(("r", config.R)))
        {
            if (rank is < 1 or > MaxRank)
                yield return $"{name}: expected 1 to {MaxRank}, got {rank}";
        }

        foreach (var (name, alpha) in (config.AlphaPattern ?? new Dictionary<string, double>()).Select(pair => ($"alpha_pattern.{pair.Key}", pair.Value)).Prepend(("lora_alpha", config.LoraAlpha)))
        {
            if (!double.IsFinite(alpha))
                yield return $"{name}: expected a finite number, got {alpha}";
        }
    }

    private static IEnumerable<string> Targets(LoraConfig config)
    {
        var faults = config.TargetModules?.Faults("target_modules") ?? ["target_modules: expected names, a regular expression or all-linear, got null"];
        foreach (var fault in faults.Concat(config.ExcludeModules?.Faults("exclude_modules") ?? []))
            yield return fault;
        if (config.ModulesToSave?.Any(string.IsNullOrEmpty) == true)
            yield return "modules_to_save: expected names, got an empty one";
        if (config.LayersToTransform?.FirstOrDefault(layer => layer < 0, 0) is { } negative and < 0)
            yield return $"layers_to_transform: expected numbers from 0, got {negative}";
        if (config.LayersToTransform is { Count: > 0 } && config.TargetModules is { Names: null })
            yield return $"layers_to_transform: expected with names in target_modules, got it with {config.TargetModules}";
        if (config.LayersPattern is { Count: > 0 } && config.LayersToTransform is not { Count: > 0 })
            yield return "layers_pattern: expected with layers_to_transform, got it alone";
        foreach (var pattern in config.LayersPattern ?? [])
        {
            if (ModulePattern.Fault(pattern) is { } fault)
                yield return $"layers_pattern: {fault}";
        }
    }

    private static IEnumerable<string> Patterns<T>(string field, IReadOnlyDictionary<string, T>? patterns) =>
        (patterns?.Keys ?? []).Select(ModulePattern.Fault).OfType<string>().Select(fault => $"{field}: {fault}");
}
