using System.Text.Json;
using T5GemmaSharp.Training.Logging;

namespace T5GemmaSharp.Training.Prediction;

/// <summary>Writes predictions as lines of JSON.</summary>
internal static class PredictionJson
{
    private const string Score = "score";

    /// <summary>A predicted number.</summary>
    public static string Number(float value) => JsonText.Line(json => json.WriteFinite(Score, value));

    /// <summary>A vector.</summary>
    public static string Vector(float[] vector) => JsonText.Line(json => json.WriteList("embedding", vector, number => json.WriteFiniteValue(number)));

    /// <summary>The likeliest class, and the probabilities of all.</summary>
    public static string Class(IReadOnlyList<string> names, float[] probabilities, int best) => JsonText.Line(json =>
    {
        json.WriteString("label", names[best]);
        json.WriteFinite(Score, probabilities[best]);
        WriteScores(json, names, probabilities);
    });

    /// <summary>The classes that hold, and the probabilities of all.</summary>
    public static string Classes(IReadOnlyList<string> names, float[] probabilities, IReadOnlyList<int> those) => JsonText.Line(json =>
    {
        json.WriteList("labels", those, id => json.WriteStringValue(names[id]));
        WriteScores(json, names, probabilities);
    });

    /// <summary>The words of a row with the likeliest class of each; null: the word was cut off.</summary>
    public static string Words(EncodedRow row, IReadOnlyList<(string Label, float Score)?> best) => JsonText.Line(json =>
    {
        json.WriteList("tokens", row.Words, word => json.WriteStringValue(word.Text));
        json.WriteList("labels", best, word => json.WriteStringValue(word?.Label));
        json.WriteList("scores", best, word => json.WriteFiniteValue(word?.Score));
        if (row.Row.Words is not null)
            return;
        json.WriteList("offsets", row.Words, word =>
        {
            json.WriteStartArray();
            json.WriteNumberValue(word.Start);
            json.WriteNumberValue(word.Start + word.Text.Length);
            json.WriteEndArray();
        });
    });

    private static void WriteScores(Utf8JsonWriter json, IReadOnlyList<string> names, float[] probabilities)
    {
        json.WriteStartObject("scores");
        for (var id = 0; id < names.Count; id++)
            json.WriteFinite(names[id], probabilities[id]);
        json.WriteEndObject();
    }
}
