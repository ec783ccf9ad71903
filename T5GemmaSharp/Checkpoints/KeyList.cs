using System.Text;

namespace T5GemmaSharp.Checkpoints;

/// <summary>Prints lists of keys, which may have thousands of members or come from a hostile file.</summary>
internal static class KeyList
{
    private const int Shown = 10;
    private const int LongestItem = 300;

    /// <summary>Appends a count and the first ten items, a line each; nothing for an empty list.</summary>
    public static void Append<T>(StringBuilder text, string title, IReadOnlyCollection<T> items)
        where T : notnull
    {
        if (items.Count == 0)
            return;
        text.Append($"\n  {items.Count} {title}:");
        foreach (var item in items.Take(Shown))
        {
            var line = string.Concat(item.ToString()!.Select(c => char.IsControl(c) ? '?' : c));
            text.Append("\n    ").Append(line.Length > LongestItem ? line[..LongestItem] + "..." : line);
        }

        if (items.Count > Shown)
            text.Append($"\n    and {items.Count - Shown} more");
    }
}
