using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Hosting.Clients;

/// <summary>Turns a chat's options into settings of a generation.</summary>
internal static class ChatSettings
{
    private const string TimeoutKey = "timeout";
    private const string RegexKey = "regex";
    private const string ChoicesKey = "choices";
    private const string TemplateKey = "use_chat_template";

    private static readonly HashSet<string> Own = [TimeoutKey, RegexKey, ChoicesKey, TemplateKey];

    /// <summary>The settings that replace the model's.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="NotSupportedException">An option asks for what the model cannot do.</exception>
    public static GenerationConfig Config(ChatOptions? options, IChatClient client)
    {
        if (options is null)
            return new GenerationConfig();
        RefuseUnsupported(options);
        var given = options.RawRepresentationFactory?.Invoke(client) as GenerationConfig ?? new GenerationConfig();
        return given.Override(Additional(options.AdditionalProperties)).Override(new GenerationConfig
        {
            MaxNewTokens = options.MaxOutputTokens,
            DoSample = Samples(options),
            Temperature = options.Temperature is > 0 and var temperature ? Exact(temperature) : options.Temperature is < 0 ? throw OutOfRange("Temperature", "at least 0", options.Temperature) : null,
            TopP = options.TopP is { } topP ? Exact(topP) : null,
            TopK = options.TopK,
            StopStrings = options.StopSequences is { Count: > 0 } stops ? [.. stops] : null,
        });
    }

    /// <summary>Processors, tokenizer and seed.</summary>
    /// <param name="options">The options.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="eosTokenIds">Ids that end an answer.</param>
    /// <exception cref="ConstraintException">The format of the answer cannot be demanded.</exception>
    public static GenerationControls Controls(ChatOptions? options, T5GemmaTokenizer tokenizer, IReadOnlyList<long>? eosTokenIds) => new()
    {
        Tokenizer = tokenizer,
        Seed = options?.Seed ?? Random.Shared.NextInt64(), // draws of torch's global generator would depend on other requests
        LogitsProcessors = Constraint(options, tokenizer) is { } constraint ? [constraint.CreateProcessor(promptLength: 1, eosTokenIds ?? [])] : [],
    };

    /// <summary>The time that a request asks for, at most the service's.</summary>
    public static TimeSpan TimeoutOf(ChatOptions? options, TimeSpan limit)
    {
        var asked = options?.AdditionalProperties?.GetValueOrDefault(TimeoutKey) switch
        {
            null => limit,
            TimeSpan time => time,
            JsonElement { ValueKind: JsonValueKind.Number } element => TimeSpan.FromSeconds(element.GetDouble()),
            IConvertible number => TimeSpan.FromSeconds(number.ToDouble(CultureInfo.InvariantCulture)),
            var other => throw OutOfRange(TimeoutKey, "a TimeSpan or seconds", other),
        };
        if (asked <= TimeSpan.Zero && asked != Timeout.InfiniteTimeSpan)
            throw OutOfRange(TimeoutKey, "more than 0", asked);
        return limit == Timeout.InfiniteTimeSpan || (asked != Timeout.InfiniteTimeSpan && asked < limit) ? asked : limit;
    }

    /// <summary>Whether the chat template renders the messages; null: the request does not say.</summary>
    public static bool? UseTemplate(ChatOptions? options) => options?.AdditionalProperties?.GetValueOrDefault(TemplateKey) switch
    {
        null => null,
        bool value => value,
        JsonElement { ValueKind: JsonValueKind.True or JsonValueKind.False } element => element.GetBoolean(),
        var other => throw OutOfRange(TemplateKey, "true or false", other),
    };

    // A temperature of 0 means the most probable token, as in other services; any other wish for chance draws.
    private static bool? Samples(ChatOptions options) => options switch
    {
        { Temperature: { } temperature } => temperature > 0,
        { TopP: not null } or { TopK: not null } => true,
        _ => null,
    };

    // 0.1f is to mean 0.1, as a JSON number would.
    private static double Exact(float number) => double.Parse(number.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static GenerationConfig? Additional(AdditionalPropertiesDictionary? properties)
    {
        var settings = properties?.Where(pair => !Own.Contains(pair.Key)).ToDictionary(pair => pair.Key, pair => pair.Value);
        if (settings is not { Count: > 0 })
            return null;
        var json = new Dictionary<string, JsonElement>();
        foreach (var (key, value) in settings)
        {
            if (Element(value) is { } element)
                json[key] = element;
        }

        try
        {
            return GenerationConfig.FromJson(ToJson(json), "AdditionalProperties");
        }
        catch (T5GemmaConfigException error)
        {
            throw new ArgumentException(error.Message, error); // the caller's fault, not a file's
        }
    }

    // Plain values only: other objects under other names belong to other parts of a pipeline.
    private static JsonElement? Element(object? value) => value switch
    {
        JsonElement element => element,
        bool flag => JsonDocument.Parse(flag ? "true" : "false").RootElement,
        string text => JsonDocument.Parse($"\"{JsonEncodedText.Encode(text)}\"").RootElement,
        sbyte or byte or short or ushort or int or uint or long or ulong or float or double or decimal => JsonDocument.Parse(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture)).RootElement,
        IEnumerable<int> ids => JsonDocument.Parse($"[{string.Join(',', ids)}]").RootElement,
        IEnumerable<long> ids => JsonDocument.Parse($"[{string.Join(',', ids)}]").RootElement,
        _ => null,
    };

    private static string ToJson(Dictionary<string, JsonElement> settings)
        => $"{{{string.Join(',', settings.Select(pair => $"\"{JsonEncodedText.Encode(pair.Key)}\":{pair.Value.GetRawText()}"))}}}";

    private static TokenConstraint? Constraint(ChatOptions? options, T5GemmaTokenizer tokenizer)
    {
        var (regex, choices) = (options?.AdditionalProperties?.GetValueOrDefault(RegexKey), options?.AdditionalProperties?.GetValueOrDefault(ChoicesKey));
        var schema = options?.ResponseFormat is ChatResponseFormatJson json ? json.Schema?.GetRawText() ?? "{\"type\":\"object\",\"additionalProperties\":true}" : null;
        if (new[] { regex, choices, schema }.Count(form => form is not null) > 1)
            throw new ArgumentException($"options: expected at most one of {RegexKey}, {ChoicesKey} and a JSON ResponseFormat, got several");
        if (regex is not null)
            return TokenConstraint.FromRegex(tokenizer, Text(regex, RegexKey));
        if (choices is not null)
            return TokenConstraint.FromChoices(tokenizer, Texts(choices));
        return schema is null ? null : TokenConstraint.FromJsonSchema(tokenizer, schema);
    }

    private static string Text(object value, string name) => value switch
    {
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } element => element.GetString()!, // of this kind it is one
        _ => throw OutOfRange(name, "a text", value),
    };

    private static IEnumerable<string> Texts(object value) => value switch
    {
        IEnumerable<string> texts => texts,
        JsonElement { ValueKind: JsonValueKind.Array } element => element.EnumerateArray().Select(item => Text(item, ChoicesKey)),
        _ => throw OutOfRange(ChoicesKey, "texts", value),
    };

    private static void RefuseUnsupported(ChatOptions options)
    {
        if (options.Tools is { Count: > 0 })
            throw new NotSupportedException($"Tools: the model calls no tools, got {options.Tools.Count}");
        if (options.FrequencyPenalty is not (null or 0))
            throw new NotSupportedException($"FrequencyPenalty: not supported, got {options.FrequencyPenalty}; repetition_penalty in AdditionalProperties is");
        if (options.PresencePenalty is not (null or 0))
            throw new NotSupportedException($"PresencePenalty: not supported, got {options.PresencePenalty}; repetition_penalty in AdditionalProperties is");
    }

    private static ArgumentException OutOfRange(string name, string expected, object? actual)
        => new(string.Create(CultureInfo.InvariantCulture, $"{name}: expected {expected}, got {actual}"));
}
