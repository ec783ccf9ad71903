namespace T5GemmaSharp.Training.Data.Files.Labels;

/// <summary>The classes: an id for each name, from 0 without holes.</summary>
/// <remarks>HF: <c>id2label</c> and <c>label2id</c>.</remarks>
public sealed class LabelTable
{
    private const int ShownNames = 10;

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    /// <summary>Creates a table.</summary>
    /// <param name="names">A name for each id; at least one.</param>
    /// <exception cref="ArgumentException">There is no name, or one is there twice.</exception>
    public LabelTable(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count == 0)
            throw new ArgumentException("names: expected at least one, got none", nameof(names));
        Names = [.. names];
        for (var id = 0; id < Names.Count; id++)
        {
            if (!_ids.TryAdd(Names[id], id))
                throw new ArgumentException($"names: expected each once, got {Names[id]} twice", nameof(names));
        }
    }

    /// <summary>Name of each id.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Number of classes.</summary>
    public int Count => Names.Count;

    /// <summary>A table of ids without names: they are called <c>LABEL_0</c> and so on, as Hugging Face does it.</summary>
    /// <param name="count">Number of classes, at least 1.</param>
    public static LabelTable Unnamed(int count) => new([.. Enumerable.Range(0, count).Select(id => $"LABEL_{id}")]);

    /// <summary>The classes of a model's head.</summary>
    /// <param name="config">The model's configuration.</param>
    /// <exception cref="ArgumentException">A name is there twice.</exception>
    public static LabelTable Of(T5GemmaConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.Id2Label is { } names ? new LabelTable(names) : Unnamed(config.NumLabels);
    }

    /// <summary>The id of a name.</summary>
    /// <exception cref="FormatException">There is no such name.</exception>
    public int IdOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _ids.TryGetValue(name, out var id)
            ? id
            : throw new FormatException($"label: expected one of {string.Join(", ", Names.Take(ShownNames))}{(Count > ShownNames ? $" and {Count - ShownNames} more" : "")}, got {name}");
    }

    /// <summary>Refuses an id outside of the table.</summary>
    /// <exception cref="FormatException">There is no such id.</exception>
    public void Demand(int id)
    {
        if (id < 0 || id >= Count)
            throw new FormatException($"label: expected an id from 0 to {Count - 1}, got {id}");
    }
}
