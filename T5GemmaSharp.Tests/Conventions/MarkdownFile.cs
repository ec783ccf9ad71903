using System.Text.RegularExpressions;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Conventions;

/// <summary>A document of the repository, and what in it can be checked.</summary>
/// <param name="Path">Its path from the root, with slashes.</param>
internal sealed partial record MarkdownFile(string Path)
{
    // Build outputs, and what is downloaded or made beside the repository's own files.
    private static readonly string[] OtherFolders = ["bin", "obj", "artifacts", "runs", "node_modules", "TestResults"];

    /// <summary>All documents; a test that asks for them outside of a checkout is skipped.</summary>
    public static IReadOnlyList<MarkdownFile> All() => [.. Directory.EnumerateFiles(SourceTree.Root(), "*.md", SearchOption.AllDirectories)
        .Select(path => System.IO.Path.GetRelativePath(SourceTree.Root(), path).Replace('\\', '/'))
        .Where(path => !path.Split('/').Any(part => OtherFolders.Contains(part) || (part.StartsWith('.') && part != ".ci")))
        .Order(StringComparer.Ordinal).Select(path => new MarkdownFile(path))];

    /// <summary>The text, with plain line ends.</summary>
    public string Text { get; } = SourceTree.Read(Path).ReplaceLineEndings("\n");

    /// <summary>Language and content of the fenced blocks.</summary>
    public IEnumerable<(string Language, string Content)> Blocks => Block().Matches(Text).Select(match => (match.Groups[1].Value, match.Groups[2].Value));

    /// <summary>The cells of the rows of all tables that have a heading.</summary>
    /// <param name="heading">Cells of the first row.</param>
    public IEnumerable<string[]> TableRows(params string[] heading)
    {
        var isInside = false;
        foreach (var line in Text.Split('\n'))
        {
            string[] cells = line.StartsWith('|') ? [.. line.Trim().Trim('|').Split(" | ").Select(cell => cell.Trim())] : [];
            if (isInside && cells.Length == heading.Length)
                yield return cells;
            isInside = cells.Length > 0 && (isInside || cells.SequenceEqual(heading));
        }
    }

    /// <summary>Targets of the links, without those to other sites.</summary>
    public IEnumerable<string> LocalLinks => Link().Matches(Text).Select(match => match.Groups[1].Value).Where(target => !target.Contains("://", StringComparison.Ordinal));

    /// <summary>What stands between single backticks in a piece of text.</summary>
    public static IEnumerable<string> CodeSpans(string text) => Span().Matches(text).Select(match => match.Groups[1].Value);

    public override string ToString() => Path;

    [GeneratedRegex(@"^```([^\n]*)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Block();

    [GeneratedRegex(@"\]\(([^)\s]+)\)", RegexOptions.CultureInvariant)]
    private static partial Regex Link();

    [GeneratedRegex("`([^`\n]+)`", RegexOptions.CultureInvariant)]
    private static partial Regex Span();
}
