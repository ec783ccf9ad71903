using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace T5GemmaSharp.Training.Prediction;

/// <summary>Writes predictions as lines of JSON.</summary>
internal static class PredictionJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A predicted number.</summary>
    public static string Number(float value) => Write(json => WriteScore(json, value));

    /// <summary>The likeliest class, and the probabilities of all.</summary>
    public static string Class(IReadOnlyList<string> names, float[] probabilities, int best) => Write(json =>
    {
        json.WriteString("label", names[best]);
        WriteScore(json, probabilities[best]);
        WriteScores(json, names, probabilities);
    });

    /// <summary>The classes that hold, and the probabilities of all.</summary>
    public static string Classes(IReadOnlyList<string> names, float[] probabilities, IReadOnlyList<int> those) => Write(json =>
    {
        WriteList(json, "labels", those, id => json.WriteStringValue(names[id]));
        WriteScores(json, names, probabilities);
    });

    /// <summary>The words of a row with the likeliest class of each; null: the word was cut off.</summary>
    public static string Words(EncodedRow row, IReadOnlyList<(string Label, float Score)?> best) => Write(json =>
    {
        WriteList(json, "tokens", row.Words, word => json.WriteStringValue(word.Text));
        WriteList(json, "labels", best, word => json.WriteStringValue(word?.Label));
        WriteList(json, "scores", best, word => WriteNumber(json, word?.Score));
        if (row.Row.Words is not null)
            return;
        WriteList(json, "offsets", row.Words, word =>
        {
            json.WriteStartArray();
            json.WriteNumberValue(word.Start);
            json.WriteNumberValue(word.Start + word.Text.Length);
            json.WriteEndArray();
        });
    });

    private static string Write(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void WriteScore(Utf8JsonWriter json, float score)
    {
        json.WritePropertyName("score");
        WriteNumber(json, score);
    }

    private static void WriteScores(Utf8JsonWriter json, IReadOnlyList<string> names, float[] probabilities)
    {
        json.WriteStartObject("scores");
        for (var id = 0; id < names.Count; id++)
        {
            json.WritePropertyName(names[id]);
            WriteNumber(json, probabilities[id]);
        }

        json.WriteEndObject();
    }

    // JSON has no infinity and no NaN.
    private static void WriteNumber(Utf8JsonWriter json, float? number)
    {
        if (number is { } value && float.IsFinite(value))
            json.WriteNumberValue(value);
        else
            json.WriteNullValue();
    }

    private static void WriteList<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
            write(item);
        json.WriteEndArray();
    }
}
