using System.Text.Json;
using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Training.Generation;

/// <summary>A line of JSON as a prompt: a string, or an object with one of <c>text</c>, <c>input</c>, <c>prompt</c>, <c>messages</c>, and optionally <c>decoder_prompt</c>. Other keys are the user's.</summary>
internal static class PromptRow
{
    private const string Messages = "messages";
    private const string DecoderPrompt = "decoder_prompt";
    private static readonly string[] TextKeys = ["text", "input", "prompt"];
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a line.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static Prompt Read(ReadOnlyMemory<byte> line, string place)
    {
        try
        {
            using var document = JsonDocument.Parse(line, Strict);
            return document.RootElement.ValueKind == JsonValueKind.String
                ? new Prompt(place, Text(document.RootElement, "the line"))
                : Read(document.RootElement, place);
        }
        catch (JsonException exception)
        {
            throw new FormatException($"expected JSON: {exception.Message}", exception);
        }
    }

    private static Prompt Read(JsonElement row, string place)
    {
        Demand(row, JsonValueKind.Object, "the line", "a JSON string or object");
        string[] keys = [.. TextKeys.Append(Messages).Where(key => row.TryGetProperty(key, out _))];
        if (keys is not [var source])
            throw new FormatException($"expected one of the keys {string.Join(", ", TextKeys)} and {Messages}, got {(keys.Length == 0 ? "none" : string.Join(", ", keys))}");
        var value = row.GetProperty(source);
        var decoderPrompt = row.TryGetProperty(DecoderPrompt, out var start) ? Text(start, DecoderPrompt) : null;
        return source == Messages ? new Prompt(place, Text: null, Turns(value), decoderPrompt) : new Prompt(place, Text(value, source), Turns: null, decoderPrompt);
    }

    private static List<ChatTurn> Turns(JsonElement messages)
    {
        Demand(messages, JsonValueKind.Array, Messages, "an array");
        var turns = new List<ChatTurn>();
        foreach (var message in messages.EnumerateArray())
        {
            var name = $"{Messages}[{turns.Count}]";
            Demand(message, JsonValueKind.Object, name, "an object with role and content");
            turns.Add(new ChatTurn(Field(message, name, "role"), Field(message, name, "content")));
        }

        return turns;
    }

    private static string Field(JsonElement message, string name, string key)
        => message.TryGetProperty(key, out var value) ? Text(value, $"{name}.{key}") : throw new FormatException($"{name}.{key}: expected a string, there is none");

    private static string Text(JsonElement element, string name)
    {
        Demand(element, JsonValueKind.String, name, "a string");
        try
        {
            return element.GetString()!; // a string is not null
        }
        catch (InvalidOperationException exception)
        {
            throw new FormatException($"{name}: expected valid Unicode: {exception.Message}", exception);
        }
    }

    private static void Demand(JsonElement element, JsonValueKind kind, string name, string expected)
    {
        if (element.ValueKind != kind)
            throw new FormatException($"{name}: expected {expected}, got {Named(element.ValueKind)}");
    }

    private static string Named(JsonValueKind kind) => kind switch
    {
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        JsonValueKind.Null => "null",
        JsonValueKind.Array => "an array",
        JsonValueKind.Object => "an object",
        _ => $"a {kind.ToString().ToLowerInvariant()}",
    };
}
