using System.Text.Json;

namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>Reads labelled texts under the names that data sets give them.</summary>
internal static class LabelledTextRows
{
    private const string Text = "text";
    private const string SecondText = "second_text";
    private const string Label = "label";

    private static readonly (string First, string? Second)[] Keys =
    [
        (Text, null), ("sentence", null), ("sentence1", "sentence2"), ("premise", "hypothesis"), ("question", "passage"),
    ];

    public static IReadOnlyList<string> Fields { get; } = [Text, SecondText, Label];

    public static LabelledTextRow Read(JsonElement row, KeyMap map)
    {
        var (text, secondText) = ReadTexts(row, map);
        var label = map.KeyOf(Label);
        return new LabelledTextRow(text, secondText, RowLabels.Read(JsonFields.Require(row, label), label));
    }

    /// <summary>Reads the text, or both texts, of a row whose label does not matter.</summary>
    /// <exception cref="FormatException">A key is missing or has a value of another kind.</exception>
    public static (string Text, string? SecondText) ReadTexts(JsonElement row, KeyMap map)
    {
        var (first, second) = TextKeys(row, map);
        return (JsonFields.NonEmptyText(JsonFields.Require(row, first), first), second is null ? null : JsonFields.Text(JsonFields.Require(row, second), second));
    }

    private static (string First, string? Second) TextKeys(JsonElement row, KeyMap map)
    {
        if (map.Fields.Contains(Text) || map.Fields.Contains(SecondText))
            return (map.KeyOf(Text), map.Fields.Contains(SecondText) ? map.KeyOf(SecondText) : null);
        foreach (var (first, second) in Keys)
        {
            if (row.TryGetProperty(first, out _) && (second is null || row.TryGetProperty(second, out _)))
                return (first, second);
        }

        throw JsonFields.MissingKeys(row, string.Join(", ", Keys.Select(pair => pair.Second is null ? pair.First : $"{pair.First} and {pair.Second}")));
    }
}
