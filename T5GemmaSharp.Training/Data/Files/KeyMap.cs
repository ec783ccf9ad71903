namespace T5GemmaSharp.Training.Data.Files;

/// <summary>Which key of a row holds which field, where the row's own names are others.</summary>
public sealed class KeyMap
{
    private readonly Dictionary<string, string> _keys;

    private KeyMap(Dictionary<string, string> keys) => _keys = keys;

    /// <summary>No field has another name.</summary>
    public static KeyMap Empty { get; } = new([]);

    /// <summary>The fields that are named.</summary>
    public IReadOnlyCollection<string> Fields => _keys.Keys;

    /// <summary>Reads entries <c>field=key</c>, for example <c>input=article</c>. A key with dots leads into objects: <c>input=translation.de</c>.</summary>
    /// <exception cref="FormatException">An entry has another form, or names a field again.</exception>
    public static KeyMap Parse(IEnumerable<string> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            var cut = entry.IndexOf('=', StringComparison.Ordinal);
            if (cut < 1 || cut == entry.Length - 1)
                throw new FormatException($"map: expected field=key, got '{entry}'");
            if (!keys.TryAdd(entry[..cut], entry[(cut + 1)..]))
                throw new FormatException($"map: expected each field once, got {entry[..cut]} twice");
        }

        return new KeyMap(keys);
    }

    /// <summary>The key of a field: the given one, or the field's own name.</summary>
    public string KeyOf(string field) => _keys.GetValueOrDefault(field, field);

    /// <summary>Refuses fields that a task does not have.</summary>
    /// <exception cref="ArgumentException">There is one.</exception>
    internal void Demand(IReadOnlyList<string> known)
    {
        if (_keys.Keys.FirstOrDefault(field => !known.Contains(field)) is { } unknown)
            throw new ArgumentException($"map: expected one of the fields {string.Join(", ", known)}, got {unknown}");
    }
}
