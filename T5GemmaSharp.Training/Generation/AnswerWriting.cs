using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace T5GemmaSharp.Training.Generation;

/// <summary>Writes answers.</summary>
internal static class AnswerWriting
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The answer in a format, without a line feed behind it.</summary>
    public static string Write(this Answer answer, AnswerFormat format) => format switch
    {
        AnswerFormat.Json => WriteJson(answer),
        AnswerFormat.Line => answer.Text.Trim().ReplaceLineEndings(" "),
        _ => answer.Text.Trim(),
    };

    private static string WriteJson(Answer answer)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Json))
        {
            json.WriteStartObject();
            json.WriteNumber("index", answer.Index);
            json.WriteNumber("result", answer.Result);
            json.WriteString("text", answer.Text);
            WriteList(json, "ids", answer.Ids, json.WriteNumberValue);
            json.WriteString("finish_reason", JsonNamingPolicy.SnakeCaseLower.ConvertName($"{answer.FinishReason}"));
            if (answer.Score is { } score)
            {
                json.WritePropertyName("score");
                WriteNumber(json, score);
            }

            if (answer.TokenScores is { } scores)
                WriteList(json, "token_scores", scores, number => WriteNumber(json, number));
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    // JSON has no infinity, which a forbidden token's score is, and no NaN.
    private static void WriteNumber(Utf8JsonWriter json, float number)
    {
        if (float.IsFinite(number))
            json.WriteNumberValue(number);
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
