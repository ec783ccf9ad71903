using System.Text.Json;
using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Training.Generation;

/// <summary>A line of JSON as a prompt: a string, or an object with one of <c>text</c>, <c>input</c>, <c>prompt</c>, <c>messages</c>, and optionally <c>decoder_prompt</c>. Other keys are the user's.</summary>
internal static class PromptRow
{
    private const string Messages = "messages";
    private const string DecoderPrompt = "decoder_prompt";
    private static readonly string[] TextKeys = ["text", "input", "prompt"];

    /// <summary>Reads a line.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static Prompt Read(ReadOnlyMemory<byte> line, string place)
    {
        using var document = JsonFields.Parse(line);
        return document.RootElement.ValueKind == JsonValueKind.String
            ? new Prompt(place, JsonFields.Text(document.RootElement, "the line"))
            : Read(document.RootElement, place);
    }

    private static Prompt Read(JsonElement row, string place)
    {
        JsonFields.Demand(row, JsonValueKind.Object, "the line", "a JSON string or object");
        string[] keys = [.. TextKeys.Append(Messages).Where(key => row.TryGetProperty(key, out _))];
        if (keys is not [var source])
            throw new FormatException($"expected one of the keys {string.Join(", ", TextKeys)} and {Messages}, got {(keys.Length == 0 ? "none" : string.Join(", ", keys))}");
        var value = row.GetProperty(source);
        var decoderPrompt = row.TryGetProperty(DecoderPrompt, out var start) ? JsonFields.Text(start, DecoderPrompt) : null;
        return source == Messages
            ? new Prompt(place, Text: null, ChatMessages.OfRoles.Read(value, source), decoderPrompt)
            : new Prompt(place, JsonFields.Text(value, source), Turns: null, decoderPrompt);
    }
}
