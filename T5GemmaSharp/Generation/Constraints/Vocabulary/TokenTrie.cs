using T5GemmaSharp.Generation.Constraints.Automata;

namespace T5GemmaSharp.Generation.Constraints.Vocabulary;

/// <summary>The bytes of all tokens as a tree, whose nodes stand in arrays in the order of a walk from the left. Immutable.</summary>
internal sealed class TokenTrie
{
    private readonly int _vocabularySize;
    private readonly byte[] _labels; // of each node: the byte that leads to it
    private readonly int[] _depths; // of each node: from 1
    private readonly int[] _ends; // of each node: the first node that is not below it
    private readonly int[] _firstTokens; // of each node: where its tokens begin among all, and their end
    private readonly int[] _tokens;
    private readonly int _maxDepth;

    public TokenTrie(TokenTexts texts)
    {
        _vocabularySize = texts.Count;
        _tokens = [.. Enumerable.Range(0, texts.Count).Where(id => texts[id].Length > 0)];
        Array.Sort(_tokens, (left, right) => texts[left].SequenceCompareTo(texts[right]));
        var (labels, depths, ends, firstTokens) = (new List<byte>(), new List<int>(), new List<int>(), new List<int>());
        var open = new List<int>(); // the nodes along the latest token
        var previous = ReadOnlySpan<byte>.Empty;
        for (var index = 0; index < _tokens.Length; index++)
        {
            var text = texts[_tokens[index]];
            Close(open, ends, text.CommonPrefixLength(previous));
            foreach (var label in text[open.Count..])
            {
                open.Add(labels.Count);
                labels.Add(label);
                depths.Add(open.Count);
                ends.Add(0);
                firstTokens.Add(index); // a token belongs to the last of its nodes: the others have none
            }

            previous = text;
        }

        Close(open, ends, count: 0);
        firstTokens.Add(_tokens.Length);
        (_labels, _depths, _ends, _firstTokens) = ([.. labels], [.. depths], [.. ends], [.. firstTokens]);
        _maxDepth = depths.Count == 0 ? 0 : depths.Max();
    }

    /// <summary>The tokens after whose bytes a text can still become complete.</summary>
    public TokenSet Allowed(LazyDfa automaton, DfaState state)
    {
        var allowed = new TokenSet(_vocabularySize);
        var path = new DfaState[_maxDepth + 1];
        path[0] = state;
        for (var node = 0; node < _labels.Length;)
        {
            var depth = _depths[node];
            var next = automaton.Next(path[depth - 1], _labels[node]);
            if (next.IsDead)
            {
                node = _ends[node];
                continue;
            }

            path[depth] = next;
            for (var index = _firstTokens[node]; index < _firstTokens[node + 1]; index++)
                allowed.Add(_tokens[index]);
            node++;
        }

        return allowed;
    }

    private static void Close(List<int> open, List<int> ends, int count)
    {
        foreach (var node in open.Skip(count))
            ends[node] = ends.Count;
        open.RemoveRange(count, open.Count - count);
    }
}
