using System.Text;
using T5GemmaSharp.Tokenization.Chat.Jinja;
using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat;

/// <summary>Gemma's turns, written without a template.</summary>
/// <param name="name">The template's name, for messages.</param>
/// <param name="beginsWithBos">Whether bos stands in front.</param>
internal sealed class GemmaTurnFormat(string name, bool beginsWithBos)
{
    private const string SystemRefused = "System role not supported";
    private const string MustAlternate = "Conversation roles must alternate user/assistant/user/assistant/...";

    /// <summary>Writes a conversation.</summary>
    /// <exception cref="ChatTemplateException">There is no turn, the first is the system's, or the roles do not alternate.</exception>
    public string Write(IReadOnlyList<ChatTurn> turns, string bos, bool addGenerationPrompt, TextMarks? marks)
    {
        if (turns.Count == 0)
            throw ChatTemplateException.At(name, line: null, "expected at least one turn, got none");
        if (turns[0].Role == "system")
            throw ChatTemplateException.Raised(name, line: null, SystemRefused);
        var text = new StringBuilder(beginsWithBos ? bos : "");
        for (var index = 0; index < turns.Count; index++)
        {
            var (role, content) = turns[index];
            if (role == "user" != (index % 2 == 0))
                throw ChatTemplateException.Raised(name, line: null, MustAlternate);
            content = PythonSpaces.Strip(content);
            text.Append("<start_of_turn>").Append(role == "assistant" ? "model" : role).Append('\n')
                .Append(marks?.Mark(content) ?? content).Append("<end_of_turn>\n");
        }

        if (addGenerationPrompt)
            text.Append("<start_of_turn>model\n");
        return text.ToString();
    }

    /// <summary>Writes a conversation that is given as the variables of a template.</summary>
    /// <exception cref="ArgumentException">A variable is of a type that templates do not have.</exception>
    /// <exception cref="ChatTemplateException">The messages are not texts with roles, or refused as by <see cref="Write"/>.</exception>
    public string Render(IReadOnlyDictionary<string, object?> variables)
    {
        var context = new RenderContext(name, RenderLimits.Default, TimeProvider.System, marks: null);
        if (Read("messages") is not List<object?> messages)
            throw ChatTemplateException.At(name, line: null, "messages: expected a list");
        return Write([.. messages.Select(ToTurn)], PythonFormat.Text(context, Read("bos_token") ?? ""), PythonTypes.IsTrue(context, Read("add_generation_prompt")), marks: null);

        object? Read(string variable) => VariableConverter.Convert(context, variables.GetValueOrDefault(variable), variable);
    }

    private ChatTurn ToTurn(object? message, int index)
        => message is JinjaDict dict
            && dict.TryGet("role", out var role) && role is string roleText
            && dict.TryGet("content", out var content) && content is string contentText
                ? new ChatTurn(roleText, contentText)
                : throw ChatTemplateException.At(name, line: null, $"messages[{index}]: expected texts as role and content");
}
