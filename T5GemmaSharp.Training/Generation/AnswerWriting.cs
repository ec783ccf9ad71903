using System.Text.Json;
using T5GemmaSharp.Training.Logging;

namespace T5GemmaSharp.Training.Generation;

/// <summary>Writes answers.</summary>
internal static class AnswerWriting
{
    /// <summary>The answer in a format, without a line feed behind it.</summary>
    public static string Write(this Answer answer, AnswerFormat format) => format switch
    {
        AnswerFormat.Json => WriteJson(answer),
        AnswerFormat.Line => answer.Text.Trim().ReplaceLineEndings(" "),
        _ => answer.Text.Trim(),
    };

    private static string WriteJson(Answer answer) => JsonText.Line(json =>
    {
        json.WriteNumber("index", answer.Index);
        json.WriteNumber("result", answer.Result);
        json.WriteString("text", answer.Text);
        json.WriteList("ids", answer.Ids, json.WriteNumberValue);
        json.WriteString("finish_reason", JsonNamingPolicy.SnakeCaseLower.ConvertName($"{answer.FinishReason}"));
        if (answer.Score is { } score)
            json.WriteFinite("score", score);
        if (answer.TokenScores is { } scores)
            json.WriteList("token_scores", scores, number => json.WriteFiniteValue(number)); // a forbidden token's is infinite
    });
}
