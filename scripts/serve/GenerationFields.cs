using System.Text.Json;
using Microsoft.Extensions.AI;
using T5GemmaSharp.Hosting;

namespace T5GemmaSharp.Serve;

/// <summary>What chats and completions have in common.</summary>
/// <param name="Options">Settings of each answer.</param>
/// <param name="Count">Answers to each prompt.</param>
/// <param name="Streams">Whether the answer is sent while it grows.</param>
/// <param name="IncludesUsage">Whether a stream ends with the numbers of tokens.</param>
internal sealed record GenerationFields(ChatOptions Options, int Count, bool Streams, bool IncludesUsage)
{
    private const int MostStops = 16;
    private const int MostTopK = 1_000_000;

    // transformers' names, beyond OpenAI's fields.
    private static readonly string[] Numbers = ["min_p", "typical_p", "repetition_penalty", "length_penalty"];

    private static readonly string[] Integers = ["min_new_tokens", "no_repeat_ngram_size"];

    /// <summary>Takes the fields; those that the model cannot serve are refused unless they ask for nothing.</summary>
    public static GenerationFields Read(JsonFields fields, T5GemmaOptions model, ServeOptions limits)
    {
        foreach (var name in new[] { "frequency_penalty", "presence_penalty" })
            fields.Neutral(name, "0");
        fields.Neutral("logit_bias", "{}");
        fields.Neutral("top_logprobs", "0");
        fields.Neutral("service_tier", "\"auto\"", "\"default\"");
        fields.Text("user"); // these name the caller, and no answer depends on them
        fields.Text("safety_identifier");
        fields.Text("prompt_cache_key");
        var options = new ChatOptions
        {
            MaxOutputTokens = Length(fields, model.MaxOutputTokens),
            Temperature = (float?)fields.Number("temperature", 0, 2),
            TopP = (float?)fields.Number("top_p", 0, 1),
            TopK = (int?)fields.Integer("top_k", 1, MostTopK),
            Seed = fields.Integer("seed", long.MinValue, long.MaxValue),
            StopSequences = fields.Texts("stop", MostStops) is { } stops ? [.. stops] : null,
            ResponseFormat = Format(fields),
            AdditionalProperties = Additional(fields, limits),
        };
        if (options.StopSequences?.Contains("") == true)
            throw ApiException.Value("stop", "texts that are not empty", "an empty one");
        var streams = fields.Flag("stream") ?? false;
        var includesUsage = false;
        if (fields.Take("stream_options") is { } element)
        {
            if (!streams)
                throw ApiException.Value("stream_options", "none without stream", JsonFields.Shown(element));
            var stream = new JsonFields(element, "stream_options");
            includesUsage = stream.Flag("include_usage") ?? false;
            stream.Neutral("include_obfuscation", "false");
            stream.RefuseOthers();
        }

        return new GenerationFields(options, (int)(fields.Integer("n", 1, limits.MaxChoices) ?? 1), streams, includesUsage);
    }

    /// <summary>The settings of one of the answers: with a seed, each has its own.</summary>
    public ChatOptions OptionsOf(int index)
    {
        var options = Options.Clone();
        options.Seed = unchecked(Options.Seed + index);
        return options;
    }

    private static int? Length(JsonFields fields, int most)
    {
        var (old, current) = (fields.Integer("max_tokens", 1, most), fields.Integer("max_completion_tokens", 1, most));
        return old is null || current is null || old == current
            ? (int?)(current ?? old)
            : throw ApiException.Value("max_tokens", $"the value of max_completion_tokens, {current}", $"{old}");
    }

    private static ChatResponseFormatJson? Format(JsonFields fields)
    {
        if (fields.Take("response_format") is not { } element)
            return null;
        var format = new JsonFields(element, "response_format");
        var kind = JsonFields.Text(format.Demand("type"), "response_format.type");
        var schema = kind == "json_schema" ? Schema(new JsonFields(format.Demand("json_schema"), "response_format.json_schema")) : (JsonElement?)null;
        format.RefuseOthers();
        return kind switch
        {
            "text" => null,
            "json_object" => ChatResponseFormat.Json,
            "json_schema" => ChatResponseFormat.ForJsonSchema(schema!.Value), // read above
            _ => throw ApiException.Value("response_format.type", "text, json_object or json_schema", kind),
        };
    }

    private static JsonElement Schema(JsonFields fields)
    {
        fields.Text("name"); // for a person
        fields.Text("description");
        fields.Flag("strict"); // the constraint is always kept
        var schema = fields.Demand("schema");
        fields.RefuseOthers();
        return schema;
    }

    private static AdditionalPropertiesDictionary Additional(JsonFields fields, ServeOptions limits)
    {
        var properties = new AdditionalPropertiesDictionary();
        foreach (var name in Numbers)
        {
            if (fields.Number(name, float.MinValue, float.MaxValue) is { } value)
                properties[name] = value;
        }

        if (fields.Integer("num_beams", 1, limits.MaxBeams) is { } beams)
            properties["num_beams"] = beams;
        foreach (var name in Integers)
        {
            if (fields.Integer(name, 0, int.MaxValue) is { } value)
                properties[name] = value;
        }

        if (fields.Text("regex") is { } regex)
            properties["regex"] = regex;
        if (fields.Texts("choices", limits.MaxTexts) is { } choices)
            properties["choices"] = choices;
        return properties;
    }
}
