using System.Text.Json;
using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>Reads a list of messages.</summary>
/// <param name="role">Key of who speaks.</param>
/// <param name="content">Key of what is said.</param>
internal sealed class ChatMessages(string role, string content)
{
    /// <summary>The form of <c>messages</c>.</summary>
    public static readonly ChatMessages OfRoles = new("role", "content");

    /// <summary>The form of <c>conversations</c>, ShareGPT's.</summary>
    public static readonly ChatMessages OfSenders = new("from", "value");

    /// <summary>Reads the turns.</summary>
    /// <exception cref="FormatException">A part of it is something else.</exception>
    public List<ChatTurn> Read(JsonElement messages, string name)
    {
        JsonFields.Demand(messages, JsonValueKind.Array, name, "an array");
        var turns = new List<ChatTurn>();
        foreach (var message in messages.EnumerateArray())
        {
            var place = $"{name}[{turns.Count}]";
            JsonFields.Demand(message, JsonValueKind.Object, place, $"an object with {role} and {content}");
            turns.Add(new ChatTurn(JsonFields.TextMember(message, place, role), JsonFields.TextMember(message, place, content)));
        }

        return turns;
    }
}
