using System.Buffers;

namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>Finds added tokens in raw text: leftmost, and the longest of those that start there. Immutable.</summary>
internal sealed class AddedTokenTrie
{
    private readonly Node _root = new();
    private readonly SearchValues<char> _firstCharacters;

    public AddedTokenTrie(IEnumerable<AddedToken> tokens)
    {
        foreach (var token in tokens)
        {
            var node = _root;
            foreach (var character in token.Content)
                node = node.GetOrAdd(character);
            node.Token = token;
        }

        _firstCharacters = SearchValues.Create(_root.Characters);
    }

    /// <summary>Finds the first added token at or after a position.</summary>
    /// <param name="text">The whole raw text.</param>
    /// <param name="position">Where to start.</param>
    /// <param name="plain">Ranges in which special tokens are only text.</param>
    /// <param name="start">Where the token starts; the text's length when there is none.</param>
    /// <returns>The token; null when there is none.</returns>
    public AddedToken? FindNext(ReadOnlySpan<char> text, int position, PlainRanges plain, out int start)
    {
        for (start = position; start < text.Length; start++)
        {
            var skip = text[start..].IndexOfAny(_firstCharacters);
            if (skip < 0)
                break;
            start += skip;
            if (LongestAt(text, start, plain) is { } token)
                return token;
        }

        start = text.Length;
        return null;
    }

    private AddedToken? LongestAt(ReadOnlySpan<char> text, int start, PlainRanges plain)
    {
        AddedToken? longest = null;
        var node = _root.Find(text[start]);
        for (var end = start + 1; node is not null; end++)
        {
            if (node.Token is { } token && !(token.IsSpecial && plain.Overlap(start, end)))
                longest = token;
            node = end < text.Length ? node.Find(text[end]) : null;
        }

        return longest;
    }

    /// <summary>A prefix of added tokens. Few characters follow each, so a scan finds them fastest.</summary>
    private sealed class Node
    {
        private readonly List<Node> _children = [];

        public string Characters { get; private set; } = "";

        public AddedToken? Token { get; set; }

        public Node? Find(char character) => Characters.IndexOf(character) is >= 0 and var index ? _children[index] : null;

        public Node GetOrAdd(char character)
        {
            if (Find(character) is { } known)
                return known;
            Characters += character;
            _children.Add(new Node());
            return _children[^1];
        }
    }
}
