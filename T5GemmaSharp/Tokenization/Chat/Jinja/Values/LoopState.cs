namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>A loop under way: Jinja's <c>loop</c>. Looks ahead only when asked, since a loop's filter may depend on its body.</summary>
internal sealed class LoopState(RenderContext context, IEnumerable<object?> items, int? length)
{
    private readonly Queue<object?> _ahead = new();
    private readonly IEnumerator<object?> _items = items.GetEnumerator();
    private int? _length = length;
    private bool _isDone;

    /// <summary>Place of the current element, from 0; -1 before the first.</summary>
    public int Index { get; private set; } = -1;

    /// <summary>The current element.</summary>
    public object? Current { get; private set; }

    private object? Previous { get; set; }

    /// <summary>Moves to the next element.</summary>
    /// <returns>False when there is none.</returns>
    public bool MoveNext()
    {
        if (!TryLookAhead())
            return false;
        Previous = Current;
        Current = _ahead.Dequeue();
        Index++;
        return true;
    }

    /// <summary>Number of elements; reads them all.</summary>
    public int Length()
    {
        if (_length is { } known)
            return known;
        while (ReadAhead())
            context.Step();
        _length = Index + 1 + _ahead.Count;
        return _length.Value;
    }

    /// <summary>An attribute of <c>loop</c>.</summary>
    public object? Attribute(string name) => name switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "first" => Index == 0,
        "last" => !TryLookAhead(),
        "length" => (long)Length(),
        "revindex" => (long)Length() - Index,
        "revindex0" => (long)Length() - Index - 1,
        "previtem" => Index == 0 ? new JinjaUndefined("there is no previous item") : Previous,
        "nextitem" => TryLookAhead() ? _ahead.Peek() : new JinjaUndefined("there is no next item"),
        "depth" => 1L,
        "depth0" => 0L,
        _ => throw context.Fail($"loop.{name} is not supported"),
    };

    private bool TryLookAhead() => _ahead.Count > 0 || ReadAhead();

    private bool ReadAhead()
    {
        if (_isDone)
            return false;
        _isDone = !_items.MoveNext();
        if (_isDone)
            _items.Dispose();
        else
            _ahead.Enqueue(_items.Current);
        return !_isDone;
    }
}
