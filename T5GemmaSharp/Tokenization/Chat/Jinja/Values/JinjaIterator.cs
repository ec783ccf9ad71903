namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>Python's generator: what filters such as <c>map</c> give. It can be read once.</summary>
internal sealed class JinjaIterator(IEnumerable<object?> items)
{
    private IEnumerable<object?>? _items = items;

    /// <summary>The elements on the first call, none after it.</summary>
    public IEnumerable<object?> Take()
    {
        var items = _items ?? [];
        _items = null;
        return items;
    }
}
