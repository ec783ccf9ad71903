using T5GemmaSharp.Tokenization.Chat.Jinja.Python;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>Python's dict, in the order of its first assignments.</summary>
internal sealed class JinjaDict(RenderContext context)
{
    private static readonly object NoneKey = new();

    private readonly OrderedDictionary<object, object?> _items = new(new KeyComparer(context));

    /// <summary>Number of items.</summary>
    public int Count => _items.Count;

    /// <summary>The keys.</summary>
    public IEnumerable<object?> Keys => _items.Keys.Select(FromKey);

    /// <summary>The values.</summary>
    public IEnumerable<object?> Values => _items.Values;

    /// <summary>Keys with their values.</summary>
    public IEnumerable<(object? Key, object? Value)> Items => _items.Select(item => (FromKey(item.Key), item.Value));

    /// <summary>Sets an item.</summary>
    /// <exception cref="ChatTemplateException">The key is of a kind that cannot be one.</exception>
    public void Set(object? key, object? value)
    {
        if (!IsKey(key))
            throw context.Fail($"a {PythonTypes.NameOf(key)} as key of a dict is not supported");
        _items[key ?? NoneKey] = value;
    }

    /// <summary>Whether there is an item.</summary>
    /// <exception cref="ChatTemplateException">The key is a list or a dict, which Python refuses.</exception>
    public bool Contains(object? key)
        => key is List<object?> or JinjaDict ? throw context.Fail($"unhashable type: '{PythonTypes.NameOf(key)}'") : TryGet(key, out _);

    /// <summary>Finds an item; false when there is none, or when the key can be none.</summary>
    public bool TryGet(object? key, out object? value)
    {
        value = null;
        key = (key as SafeText)?.Value ?? key;
        return IsKey(key) && _items.TryGetValue(key ?? NoneKey, out value);
    }

    private static bool IsKey(object? key) => key is null or string or bool or long or double;

    private static object? FromKey(object key) => ReferenceEquals(key, NoneKey) ? null : key;
}
