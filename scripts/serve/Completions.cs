using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using T5GemmaSharp.Hosting;

namespace T5GemmaSharp.Serve;

/// <summary><c>POST /v1/completions</c>: the source is the prompt as it is, without a template.</summary>
internal sealed class Completions(IChatClient chat, ServedModel served, IOptions<T5GemmaOptions> model, IOptions<ServeOptions> limits, ErrorTexts errors)
{
    public async Task AnswerAsync(HttpContext context)
    {
        var fields = await Json.ReadAsync(context.Request);
        served.Check(fields);
        var prompts = fields.Texts("prompt", limits.Value.MaxChoices) ?? throw ApiException.Invalid("missing_required_parameter", "prompt", "prompt: is required");
        fields.Neutral("echo", "false");
        fields.Neutral("best_of", "1");
        fields.Neutral("suffix", "\"\"");
        fields.Neutral("logprobs");
        var asked = GenerationFields.Read(fields, model.Value, limits.Value);
        fields.RefuseOthers();
        if (prompts.Count * asked.Count > limits.Value.MaxChoices)
            throw ApiException.Value("n", $"at most {limits.Value.MaxChoices} answers", $"{prompts.Count} prompts with {asked.Count} each");
        Question[] questions = [.. prompts.SelectMany(prompt => Enumerable.Range(0, asked.Count).Select(number => Question(prompt, asked.OptionsOf(number))))];
        var head = new AnswerHead("cmpl", "text_completion", served.Id);
        if (asked.Streams)
        {
            await EventStream.WriteAsync(context, EventsAsync(head, questions, asked, context.RequestAborted), errors);
            return;
        }

        var answers = await Answers.WholeAsync(chat, questions, context.RequestAborted);
        await Json.WriteAsync(context.Response, head.With(answers.Select(Choice), TokenUsage.Of(answers, asked.Count)));
    }

    private async IAsyncEnumerable<object> EventsAsync(AnswerHead head, Question[] questions, GenerationFields asked, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ends = new List<AnswerPart>();
        await foreach (var part in Answers.PartsAsync(chat, questions, cancellationToken))
        {
            if (part.FinishReason is not null)
                ends.Add(part);
            yield return head.With([Choice(part)], usage: null);
        }

        if (asked.IncludesUsage)
            yield return head.With([], TokenUsage.Of(ends, asked.Count));
    }

    private static object Choice(AnswerPart part) => new { part.Index, part.Text, Logprobs = (object?)null, part.FinishReason };

    private static Question Question(string prompt, ChatOptions options)
    {
        options.AdditionalProperties!["use_chat_template"] = false; // GenerationFields makes them
        return new Question([new ChatMessage(ChatRole.User, prompt)], options);
    }
}
