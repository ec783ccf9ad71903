using System.Text.Json;
using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>Reads conversations and gives their speakers Gemma's names.</summary>
internal static class ChatRows
{
    private const string Messages = "messages";
    private const string Conversations = "conversations";
    private const string System = "system";
    private const string User = "user";
    private const string Assistant = "assistant";

    private static readonly Dictionary<string, string> Roles = new()
    {
        ["human"] = User,
        ["gpt"] = Assistant,
        ["model"] = Assistant,
        ["developer"] = System,
    };

    public static IReadOnlyList<string> Fields { get; } = [Messages];

    public static ChatRow Read(JsonElement row, KeyMap map)
    {
        var key = map.KeyOf(Messages);
        if (!JsonFields.TryFind(row, key, out var messages))
        {
            key = Conversations;
            if (map.Fields.Count > 0 || !row.TryGetProperty(key, out messages))
                throw JsonFields.MissingKeys(row, map.Fields.Count > 0 ? $"the key {map.KeyOf(Messages)}" : $"{Messages} or {Conversations}");
        }

        var turns = FormOf(messages).Read(messages, key);
        return new ChatRow(FoldSystem([.. turns.Select(turn => turn with { Role = Roles.GetValueOrDefault(turn.Role, turn.Role) })], key));
    }

    // By the first message, so that a mapped key may have either form.
    private static ChatMessages FormOf(JsonElement messages)
        => messages.ValueKind == JsonValueKind.Array && messages.GetArrayLength() > 0 && messages[0] is { ValueKind: JsonValueKind.Object } first && first.TryGetProperty("from", out _)
            ? ChatMessages.OfSenders
            : ChatMessages.OfRoles;

    private static ChatTurn[] FoldSystem(ChatTurn[] turns, string key) => turns switch
    {
        [] => throw new FormatException($"{key}: expected at least one message, got none"),
        [{ Role: System } system, { Role: User } user, .. var rest] => [user with { Content = $"{system.Content}\n\n{user.Content}" }, .. rest],
        [{ Role: System }, ..] => throw new FormatException($"{key}[1]: expected a message of the {User} behind that of the {System}, got {(turns.Length > 1 ? turns[1].Role : "none")}"),
        _ => turns,
    };
}
