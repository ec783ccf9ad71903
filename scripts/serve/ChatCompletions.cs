using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using T5GemmaSharp.Hosting;

namespace T5GemmaSharp.Serve;

/// <summary><c>POST /v1/chat/completions</c>: messages go through the model's chat template; without one the source is their texts.</summary>
internal sealed class ChatCompletions(IChatClient chat, ServedModel served, IOptions<T5GemmaOptions> model, IOptions<ServeOptions> limits, ErrorTexts errors)
{
    private const string Chunk = "chat.completion.chunk";

    public async Task AnswerAsync(HttpContext context)
    {
        var fields = await Json.ReadAsync(context.Request);
        served.Check(fields);
        var messages = ChatMessages.Read(fields);
        fields.Neutral("logprobs", "false");
        fields.Neutral("tools", "[]");
        fields.Neutral("functions", "[]");
        fields.Neutral("tool_choice", "\"none\"", "\"auto\"");
        fields.Neutral("modalities", "[\"text\"]");
        fields.Neutral("store", "false");
        var asked = GenerationFields.Read(fields, model.Value, limits.Value);
        fields.RefuseOthers();
        Question[] questions = [.. Enumerable.Range(0, asked.Count).Select(number => new Question(messages, asked.OptionsOf(number)))];
        if (asked.Streams)
        {
            await EventStream.WriteAsync(context, EventsAsync(new AnswerHead("chatcmpl", Chunk, served.Id), questions, asked, context.RequestAborted), errors);
            return;
        }

        var answers = await Answers.WholeAsync(chat, questions, context.RequestAborted);
        var choices = answers.Select(answer => new { answer.Index, Message = new { Role = "assistant", Content = answer.Text, Refusal = (string?)null }, Logprobs = (object?)null, answer.FinishReason });
        await Json.WriteAsync(context.Response, new AnswerHead("chatcmpl", "chat.completion", served.Id).With(choices, TokenUsage.Of(answers, asked.Count)));
    }

    private async IAsyncEnumerable<object> EventsAsync(AnswerHead head, Question[] questions, GenerationFields asked, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var hasBegun = new bool[questions.Length];
        var ends = new List<AnswerPart>();
        await foreach (var part in Answers.PartsAsync(chat, questions, cancellationToken))
        {
            if (!hasBegun[part.Index])
                yield return head.With([Choice(part.Index, new { Role = "assistant", Content = "" }, null)], usage: null);
            hasBegun[part.Index] = true;
            if (part.Text.Length > 0)
                yield return head.With([Choice(part.Index, new { Content = part.Text }, null)], usage: null);
            if (part.FinishReason is null)
                continue;
            ends.Add(part);
            yield return head.With([Choice(part.Index, new { }, part.FinishReason)], usage: null);
        }

        if (asked.IncludesUsage)
            yield return head.With([], TokenUsage.Of(ends, asked.Count));
    }

    private static object Choice(int index, object delta, string? finishReason) => new { Index = index, Delta = delta, Logprobs = (object?)null, FinishReason = finishReason };
}
