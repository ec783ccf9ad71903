using System.Text.Json;

namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>Reads words with labels.</summary>
internal static class TaggedTokensRows
{
    private const string Tokens = "tokens";
    private const string Labels = "labels";
    private const string Tags = "ner_tags";

    public static IReadOnlyList<string> Fields { get; } = [Tokens, Labels];

    public static TaggedTokensRow Read(JsonElement row, KeyMap map)
    {
        var tokens = map.KeyOf(Tokens);
        var labels = !map.Fields.Contains(Labels) && row.TryGetProperty(Tags, out _) ? Tags : map.KeyOf(Labels);
        if (!JsonFields.TryFind(row, tokens, out var words) || !JsonFields.TryFind(row, labels, out var tags))
            throw JsonFields.MissingKeys(row, map.Fields.Count > 0 ? $"{tokens} and {labels}" : $"{Tokens} and {Tags} or {Labels}");
        var result = new TaggedTokensRow(
            ReadWords(words, tokens),
            Items(tags, labels, "a list of labels", RowLabels.ReadClass));
        return result.Words.Count == result.Labels.Count
            ? result
            : throw new FormatException($"{labels}: expected a label for each of {result.Words.Count} words, got {result.Labels.Count}");
    }

    /// <summary>Reads words without labels.</summary>
    /// <exception cref="FormatException">It is something else than a list of texts, or one is empty.</exception>
    public static IReadOnlyList<string> ReadWords(JsonElement words, string name) => Items(words, name, "a list of words", JsonFields.NonEmptyText);

    private static List<T> Items<T>(JsonElement list, string name, string expected, Func<JsonElement, string, T> read)
    {
        JsonFields.Demand(list, JsonValueKind.Array, name, expected);
        return [.. list.EnumerateArray().Select((item, index) => read(item, $"{name}[{index}]"))];
    }
}
