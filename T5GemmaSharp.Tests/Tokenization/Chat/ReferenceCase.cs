using System.Text.Json;

namespace T5GemmaSharp.Tests.Tokenization.Chat;

/// <summary>What the reference makes of a template.</summary>
/// <param name="Template">The template.</param>
/// <param name="Variables">Its variables.</param>
/// <param name="Text">What is rendered; null when it fails.</param>
/// <param name="Raised">What the template says through raise_exception; null when it does not.</param>
internal sealed record ReferenceCase(string Template, IReadOnlyDictionary<string, object?> Variables, string? Text, string? Raised)
{
    /// <summary>The committed cases; scripts/export_chat_cases.py writes them.</summary>
    public static IReadOnlyList<ReferenceCase> ReadAll()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "Chat", "cases.json")));
        var templates = document.RootElement.GetProperty("templates");
        var variables = document.RootElement.GetProperty("variables").EnumerateArray()
            .Select(set => set.EnumerateObject().ToDictionary(item => item.Name, item => (object?)item.Value.Clone()))
            .ToList();
        return
        [
            .. document.RootElement.GetProperty("cases").EnumerateArray().Select(item => new ReferenceCase(
                templates[item.GetProperty("template").GetInt32()].GetString()!, // every case names one
                variables[item.GetProperty("variables").GetInt32()],
                Read(item, "text"),
                Read(item, "raised"))),
        ];
    }

    private static string? Read(JsonElement item, string name) => item.TryGetProperty(name, out var value) ? value.GetString() : null;
}
