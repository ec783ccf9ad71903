using System.IO.Enumeration;

namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>Chooses paths of a repository.</summary>
internal static class PathPatterns
{
    /// <summary>Whether a path is chosen: by one pattern at least, and left out by none.</summary>
    public static bool Choose(string path, IReadOnlyList<string> include, IReadOnlyList<string> exclude) =>
        include.Any(pattern => Matches(path, pattern)) && !exclude.Any(pattern => Matches(path, pattern));

    private static bool Matches(string path, string pattern) =>
        FileSystemName.MatchesSimpleExpression(pattern.EndsWith('/') ? pattern + "*" : pattern, path, ignoreCase: false);
}
