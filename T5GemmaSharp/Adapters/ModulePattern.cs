using System.Text.RegularExpressions;

namespace T5GemmaSharp.Adapters;

/// <summary>Regular expressions over module names, as PEFT builds them from what a configuration says.</summary>
internal static class ModulePattern
{
    // A pattern may come with a download; no honest one takes long on a name of fifty characters.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <summary>Matches whole names. PEFT: <c>re.fullmatch</c>.</summary>
    public static Regex Whole(string pattern) => Create($@"\A(?:{pattern})\z");

    /// <summary>Matches names whose last parts match. PEFT: <c>get_pattern_key</c>.</summary>
    public static Regex End(string pattern) => Create($@"\A(?:.*\.)?(?:{pattern})\z");

    /// <summary>Finds the number behind a list of layers; the first group is the number. PEFT: <c>layers_pattern</c>.</summary>
    /// <param name="list">Name of the list, a regular expression; null: any.</param>
    public static Regex LayerNumber(string? list) => Create($@"\A.*\.(?:{list ?? "[^.]*"})\.(?<number>[0-9]+)\.");

    /// <summary>What is wrong with a pattern; null: nothing.</summary>
    public static string? Fault(string pattern)
    {
        try
        {
            _ = Create(pattern);
            return null;
        }
        catch (ArgumentException fault)
        {
            return $"expected a regular expression of .NET, got '{pattern}': {fault.Message}";
        }
    }

    private static Regex Create(string pattern) => new(pattern, RegexOptions.CultureInvariant, Limit);
}
