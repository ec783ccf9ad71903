using System.Text.Json.Serialization;

namespace T5GemmaSharp.Serve;

/// <summary>What all parts of an answer have in common.</summary>
internal sealed class AnswerHead(string prefix, string kind, string model)
{
    private readonly string _id = $"{prefix}-{Guid.NewGuid():N}";
    private readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>A body of an answer or of an event.</summary>
    public object With(IEnumerable<object> choices, TokenUsage? usage) => new AnswerBody(_id, kind, _created, model, choices, usage);

    private sealed record AnswerBody(string Id, string Object, long Created, string Model, IEnumerable<object> Choices, TokenUsage? Usage);
}

/// <summary>Numbers of tokens.</summary>
internal sealed record TokenUsage(long PromptTokens, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? CompletionTokens, long TotalTokens)
{
    /// <summary>Of answers; a prompt counts once, however many answers it has.</summary>
    public static TokenUsage Of(IEnumerable<AnswerPart> answers, int answersOfPrompt)
    {
        long prompt = 0, completion = 0;
        foreach (var answer in answers)
        {
            completion += answer.Usage?.OutputTokenCount ?? 0;
            if (answer.Index % answersOfPrompt == 0)
                prompt += answer.Usage?.InputTokenCount ?? 0;
        }

        return new TokenUsage(prompt, completion, prompt + completion);
    }
}
