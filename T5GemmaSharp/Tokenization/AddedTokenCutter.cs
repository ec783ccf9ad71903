using System.Buffers;

namespace T5GemmaSharp.Tokenization;

/// <summary>Finds added tokens in raw text: leftmost, and the longest of those that start there.</summary>
internal sealed class AddedTokenCutter
{
    private readonly SearchValues<char> _firstCharacters;
    private readonly Dictionary<char, AddedToken[]> _byFirstCharacter;

    public AddedTokenCutter(IEnumerable<AddedToken> tokens)
    {
        _byFirstCharacter = tokens
            .GroupBy(token => token.Content[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(token => token.Content.Length).ToArray());
        _firstCharacters = SearchValues.Create([.. _byFirstCharacter.Keys]);
    }

    /// <summary>Finds the first added token at or after a position.</summary>
    /// <param name="text">The whole raw text.</param>
    /// <param name="position">Where to start.</param>
    /// <param name="start">Where the token starts; the text's length when there is none.</param>
    /// <param name="plainRanges">Ascending ranges that no special token may touch; null: none.</param>
    /// <returns>The token; null when there is none.</returns>
    public AddedToken? FindNext(ReadOnlySpan<char> text, int position, out int start, IReadOnlyList<Range>? plainRanges = null)
    {
        for (start = position; start < text.Length; start++)
        {
            var skip = text[start..].IndexOfAny(_firstCharacters);
            if (skip < 0)
                break;
            start += skip;
            foreach (var token in _byFirstCharacter[text[start]])
            {
                if (text[start..].StartsWith(token.Content, StringComparison.Ordinal)
                    && !(token.IsSpecial && plainRanges is not null && Touches(plainRanges, start, start + token.Content.Length)))
                {
                    return token;
                }
            }
        }

        start = text.Length;
        return null;
    }

    private static bool Touches(IReadOnlyList<Range> ranges, int start, int end)
    {
        // The first range that ends behind the start.
        var (low, high) = (0, ranges.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ranges[middle].End.Value <= start)
                low = middle + 1;
            else
                high = middle;
        }

        return low < ranges.Count && ranges[low].Start.Value < end;
    }
}
