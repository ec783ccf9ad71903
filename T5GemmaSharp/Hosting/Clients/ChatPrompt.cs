using Microsoft.Extensions.AI;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Hosting.Clients;

/// <summary>Turns messages into source ids. Their contents are not trusted: a special token's text in them stays text.</summary>
internal static class ChatPrompt
{
    /// <summary>Encodes messages.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="messages">The messages, at least one.</param>
    /// <param name="useTemplate">Whether the chat template renders them; null: where the tokenizer's files have one.</param>
    /// <param name="maxCharacters">Most UTF-16 units.</param>
    /// <param name="maxTokens">Most tokens.</param>
    /// <exception cref="ArgumentException">There is no text, or too much.</exception>
    /// <exception cref="NotSupportedException">A message has a content that is no text.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public static int[] Encode(T5GemmaTokenizer tokenizer, IReadOnlyList<ChatMessage> messages, bool? useTemplate, int maxCharacters, int maxTokens)
    {
        var turns = messages.Select(Turn).ToList();
        SourceLimits.CheckCharacters(turns.Sum(turn => (long)turn.Content.Length), maxCharacters);
        var rendersTemplate = useTemplate ?? tokenizer.ChatTemplates.Values.Any(template => template.Source is not null);
        var ids = rendersTemplate
            ? tokenizer.EncodeChat(tokenizer.ChatTemplate.IsBuiltIn ? WithoutSystem(turns) : turns, addGenerationPrompt: true, parseSpecialInContent: false)
            : tokenizer.Encode(string.Join("\n\n", turns.Select(turn => turn.Content)), parseSpecial: false);
        SourceLimits.CheckTokens(ids.Length, maxTokens);
        return ids;
    }

    private static ChatTurn Turn(ChatMessage message)
    {
        foreach (var content in message.Contents)
        {
            if (content is not (TextContent or TextReasoningContent or UsageContent))
                throw new NotSupportedException($"messages: expected texts, got {content.GetType().Name}; the model reads text only");
        }

        return new ChatTurn(message.Role.Value, message.Text);
    }

    // Gemma's turn format knows no system turn; what the system says stands before the first turn of the user, as its model card advises.
    private static List<ChatTurn> WithoutSystem(List<ChatTurn> turns)
    {
        var system = string.Join("\n\n", turns.Where(IsSystem).Select(turn => turn.Content));
        var others = turns.FindAll(turn => !IsSystem(turn));
        if (system.Length == 0)
            return others;
        if (others.Count == 0)
            return [new ChatTurn(ChatRole.User.Value, system)];
        others[0] = others[0] with { Content = $"{system}\n\n{others[0].Content}" };
        return others;

        static bool IsSystem(ChatTurn turn) => turn.Role == ChatRole.System.Value;
    }
}
