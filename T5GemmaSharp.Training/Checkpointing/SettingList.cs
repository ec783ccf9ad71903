using System.Text.Json;

namespace T5GemmaSharp.Training.Checkpointing;

/// <summary>Settings by name, to compare them one by one.</summary>
internal static class SettingList
{
    /// <summary>Adds the members of an object, those of objects in it under the outer name, a point and their own.</summary>
    /// <param name="settings">The list.</param>
    /// <param name="members">The object.</param>
    /// <param name="free">Names of members that may differ, at any depth.</param>
    /// <param name="prefix">What stands before each name.</param>
    public static void AddMembers(this IDictionary<string, string> settings, JsonElement members, IReadOnlyCollection<string> free, string prefix = "")
    {
        foreach (var member in members.EnumerateObject().Where(member => !free.Contains(member.Name)))
        {
            if (member.Value.ValueKind == JsonValueKind.Object)
                settings.AddMembers(member.Value, free, $"{prefix}{member.Name}.");
            else
                settings[$"{prefix}{member.Name}"] = member.Value.ToString();
        }
    }
}
