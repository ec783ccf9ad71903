using System.Buffers;

namespace T5GemmaSharp.Tokenization.Chat;

/// <summary>Stand-ins for the characters of special tokens, so that those of a content can be told from those of a template after rendering.</summary>
/// <remarks>
/// A stand-in is one code unit, as is what it stands for, so positions stay the same. The Jinja evaluator compares and searches without regard to them:
/// a template sees the content as it is, whatever it does with it.
/// </remarks>
internal sealed class TextMarks
{
    private readonly Dictionary<char, char> _marks = [];
    private readonly Dictionary<char, char> _originals = [];
    private readonly SearchValues<char> _originalCharacters;
    private readonly SearchValues<char> _markCharacters;

    private TextMarks(IEnumerable<(char Original, char Mark)> pairs)
    {
        foreach (var (original, mark) in pairs)
        {
            _marks.Add(original, mark);
            _originals.Add(mark, original);
        }

        _originalCharacters = SearchValues.Create([.. _marks.Keys]);
        _markCharacters = SearchValues.Create([.. _originals.Keys]);
    }

    /// <summary>Chooses stand-ins.</summary>
    /// <param name="specialTokens">The special tokens.</param>
    /// <param name="texts">Texts that hold none of the stand-ins.</param>
    /// <exception cref="InvalidOperationException">The texts leave no characters to choose from, or a special token has none that can be marked.</exception>
    public static TextMarks Create(IReadOnlyCollection<string> specialTokens, IReadOnlyCollection<string> texts)
    {
        if (specialTokens.FirstOrDefault(token => token.All(char.IsSurrogate)) is { } token)
            throw new InvalidOperationException($"the special token \"{token}\" cannot be kept apart from the contents: it has no character of one code unit");
        var originals = specialTokens.SelectMany(text => text).Where(character => !char.IsSurrogate(character)).ToHashSet();
        var used = texts.SelectMany(text => text).ToHashSet();
        used.UnionWith(originals);

        // Noncharacters first, which no sensible text holds, then private use.
        var free = Enumerable.Range(0xFDD0, 32).Concat(Enumerable.Range(0xE000, 6400)).Select(code => (char)code).Where(code => !used.Contains(code)).Take(originals.Count).ToList();
        if (free.Count < originals.Count)
            throw new InvalidOperationException($"the contents use nearly all noncharacters and private-use characters: {originals.Count} must be free, {free.Count} are");
        return new TextMarks(originals.Zip(free));
    }

    /// <summary>A text with its characters replaced by stand-ins.</summary>
    public string Mark(string text) => Replace(text, _originalCharacters, _marks);

    /// <summary>The text that a marked text stands for.</summary>
    public string Plain(string text) => Replace(text, _markCharacters, _originals);

    /// <summary>The stand-in of a character; itself when it has none.</summary>
    public char Mark(char character) => _marks.GetValueOrDefault(character, character);

    /// <summary>The character that a stand-in stands for; other characters stand for themselves.</summary>
    public char Plain(char character) => _originals.GetValueOrDefault(character, character);

    /// <summary>Whether a character is a stand-in.</summary>
    public bool IsMark(char character) => _originals.ContainsKey(character);

    /// <summary>The text that a marked text stands for, with the ranges of the stand-ins.</summary>
    public ChatRendering Unmark(string marked)
    {
        List<Range> ranges = [];
        var (start, end) = (-1, -1);
        for (var index = 0; index < marked.Length; index++)
        {
            if (IsMark(marked[index]))
            {
                start = start < 0 ? index : start;
                end = index + 1;
            }
            else if (start >= 0 && _marks.ContainsKey(marked[index]))
            {
                // Only a character that a special token can have ends a range: across others, no token reaches.
                ranges.Add(start..end);
                start = -1;
            }
        }

        if (start >= 0)
            ranges.Add(start..end);
        return new ChatRendering(Plain(marked), ranges);
    }

    private static string Replace(string text, SearchValues<char> characters, Dictionary<char, char> replacements)
        => text.AsSpan().ContainsAny(characters)
            ? string.Create(text.Length, (text, replacements), static (result, state) =>
            {
                for (var index = 0; index < result.Length; index++)
                    result[index] = state.replacements.GetValueOrDefault(state.text[index], state.text[index]);
            })
            : text;
}
