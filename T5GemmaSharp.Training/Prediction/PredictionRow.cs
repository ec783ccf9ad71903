using System.Text.Json;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Rows;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Prediction;

/// <summary>What is to be labelled: a text, a pair of texts, or words.</summary>
/// <param name="Place">Where it stands, for messages.</param>
/// <param name="Text">The text, or the first of two; null: there are words.</param>
/// <param name="SecondText">The second text; null: there is none.</param>
/// <param name="Words">The words; null: there is a text.</param>
internal sealed record PredictionRow(string Place, string? Text, string? SecondText = null, IReadOnlyList<string>? Words = null)
{
    private const string Tokens = "tokens";

    /// <summary>Reads a line of plain text.</summary>
    /// <exception cref="FormatException">It is empty, or not UTF-8.</exception>
    public static PredictionRow ReadText(ReadOnlyMemory<byte> line, string place)
        => line.IsEmpty ? throw new FormatException("expected a text, got an empty line") : new PredictionRow(place, StrictUtf8.GetString(line.Span));

    /// <summary>Reads a line of JSON: a string, or an object with the keys of training data, of which labels do not matter.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static PredictionRow ReadJson(ReadOnlyMemory<byte> line, string place)
    {
        using var document = JsonFields.Parse(line);
        var row = document.RootElement;
        if (row.ValueKind == JsonValueKind.String)
            return new PredictionRow(place, JsonFields.NonEmptyText(row, "the line"));
        JsonFields.Demand(row, JsonValueKind.Object, "the line", "a JSON string or object");
        if (row.TryGetProperty(Tokens, out var tokens))
            return new PredictionRow(place, Text: null, SecondText: null, TaggedTokensRows.ReadWords(tokens, Tokens));
        var (text, second) = LabelledTextRows.ReadTexts(row, KeyMap.Empty);
        return new PredictionRow(place, text, second);
    }
}
