namespace T5GemmaSharp.Generation.Constraints.Automata;

/// <summary>Builds the states that read one of several texts; texts share the states of their common beginnings.</summary>
internal sealed class PrefixTreeBuilder(NfaBuilder builder, int next)
{
    // The nodes along the latest text, whose states cannot be made before the last of their children is known.
    private readonly List<(byte Label, bool IsEnd, List<NfaEdge>? Children)> _open = [(0, false, null)];

    /// <summary>Adds the states; returns the first.</summary>
    /// <param name="texts">The texts, sorted by their bytes.</param>
    public int Add(IReadOnlyList<byte[]> texts)
    {
        byte[] previous = [];
        foreach (var text in texts)
        {
            Close(text.AsSpan().CommonPrefixLength(previous) + 1);
            foreach (var value in text.AsSpan(_open.Count - 1))
                _open.Add((value, false, null));
            _open[^1] = _open[^1] with { IsEnd = true };
            previous = text;
        }

        Close(1);
        return StateOf(_open[0].IsEnd, _open[0].Children);
    }

    private void Close(int count)
    {
        while (_open.Count > count)
        {
            var (label, isEnd, children) = _open[^1];
            _open.RemoveAt(_open.Count - 1);
            var parent = _open[^1];
            var siblings = parent.Children ?? [];
            siblings.Add(new NfaEdge(label, label, StateOf(isEnd, children)));
            _open[^1] = parent with { Children = siblings };
        }
    }

    private int StateOf(bool isEnd, List<NfaEdge>? children)
    {
        if (children is null)
            return next;
        var reading = builder.AddReading([.. children]);
        return isEnd ? builder.AddSplit(reading, next) : reading;
    }
}
