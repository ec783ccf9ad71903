using System.Text.Json;
using Microsoft.Extensions.AI;

namespace T5GemmaSharp.Serve;

/// <summary>Reads messages: texts of the system, the user and the assistant.</summary>
internal static class ChatMessages
{
    private const string Field = "messages";

    public static IReadOnlyList<ChatMessage> Read(JsonFields fields)
    {
        var messages = fields.Demand(Field);
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
            throw ApiException.Value(Field, "an array with at least one message", JsonFields.Shown(messages));
        return [.. messages.EnumerateArray().Select((message, index) => Message(new JsonFields(message, $"{Field}[{index}]")))];
    }

    private static ChatMessage Message(JsonFields fields)
    {
        var role = JsonFields.Text(fields.Demand("role"), fields.Path("role"));
        var text = Content(fields.Demand("content"), fields.Path("content"));
        fields.Neutral("annotations", "[]"); // clients send answers back with all that was in them
        fields.Neutral("tool_calls", "[]");
        fields.RefuseOthers();
        return new ChatMessage(
            role switch
            {
                "system" or "developer" => ChatRole.System,
                "user" => ChatRole.User,
                "assistant" => ChatRole.Assistant,
                _ => throw ApiException.Value(fields.Path("role"), "system, developer, user or assistant", role),
            },
            text);
    }

    private static string Content(JsonElement content, string path)
        => content.ValueKind == JsonValueKind.Array ? string.Concat(content.EnumerateArray().Select((part, index) => Part(new JsonFields(part, $"{path}[{index}]")))) : JsonFields.Text(content, path);

    private static string Part(JsonFields fields)
    {
        var kind = JsonFields.Text(fields.Demand("type"), fields.Path("type"));
        if (kind != "text")
            throw ApiException.Unsupported(fields.Path("type"), $"expected text, got {kind}; the model reads text only");
        var text = JsonFields.Text(fields.Demand("text"), fields.Path("text"));
        fields.RefuseOthers();
        return text;
    }
}
