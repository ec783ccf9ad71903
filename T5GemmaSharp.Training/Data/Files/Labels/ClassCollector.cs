using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Training.Data.Files.Labels;

/// <summary>Gives classes a code while rows come, before all classes are known.</summary>
/// <param name="given">The classes; null: those that the rows have.</param>
internal sealed class ClassCollector(LabelTable? given)
{
    // Of a table that is made of the labels of rows; more are a mistake that would fill the memory.
    private const int MaximumClasses = 100_000;

    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<int, long> _counts = [];
    private bool? _areNames;

    /// <summary>The code of a class.</summary>
    /// <exception cref="FormatException">It is outside of the table, or an id among names or the reverse.</exception>
    public int CodeOf(RowLabel label)
    {
        var isName = label.Name is not null;
        if (given is null && (_areNames ??= isName) != isName)
            throw new FormatException($"label: expected {(isName ? "an id" : "a name")} as in the rows before, got {label.Name ?? $"{label.Id}"}");
        var code = label.Name is { } name ? CodeOf(name) : CodeOf(label.Id!.Value); // a class is one of the two
        _counts[code] = _counts.GetValueOrDefault(code) + 1;
        return code;
    }

    /// <summary>The classes when all rows have come, and the id of each code.</summary>
    /// <exception cref="FormatException">No row had a class.</exception>
    public ClassCodes Finish()
    {
        if (given is not null || _areNames is not true)
            return Identical(given ?? (_counts.Count > 0 ? LabelTable.Unnamed(_counts.Keys.Max() + 1) : throw new FormatException("label: expected at least one class, got none")));
        var table = new LabelTable([.. _names.Keys.Order(StringComparer.Ordinal)]);
        var ids = new int[_names.Count];
        foreach (var (name, code) in _names)
            ids[code] = table.IdOf(name);
        return new ClassCodes(table, ids, CountIds(table, ids));
    }

    private ClassCodes Identical(LabelTable table)
    {
        int[] ids = [.. Enumerable.Range(0, table.Count)];
        return new ClassCodes(table, ids, CountIds(table, ids));
    }

    private long[] CountIds(LabelTable table, int[] ids)
    {
        var counts = new long[table.Count];
        foreach (var (code, count) in _counts)
            counts[ids[code]] = count;
        return counts;
    }

    private int CodeOf(string name)
    {
        if (given is not null)
            return given.IdOf(name);
        if (_names.TryGetValue(name, out var code))
            return code;
        if (_names.Count == MaximumClasses)
            throw new FormatException($"label: expected at most {MaximumClasses} different names, got one more; is this key the label?");
        _names.Add(name, _names.Count);
        return _names.Count - 1;
    }

    private int CodeOf(int id)
    {
        if (given is not null)
            given.Demand(id);
        else if (id is < 0 or >= MaximumClasses)
            throw new FormatException($"label: expected an id from 0 to {MaximumClasses - 1}, got {id}; a number to be predicted has a point, as in {id}.0");
        return id;
    }
}
