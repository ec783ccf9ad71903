namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>A label as a file has it: exactly one of its members is not null.</summary>
public sealed record RowLabel
{
    private RowLabel()
    {
    }

    /// <summary>Id of a class.</summary>
    public int? Id { get; private init; }

    /// <summary>Name of a class.</summary>
    public string? Name { get; private init; }

    /// <summary>A number to be predicted.</summary>
    public float? Value { get; private init; }

    /// <summary>The classes that hold, each an id or a name; maybe none.</summary>
    public IReadOnlyList<RowLabel>? Classes { get; private init; }

    /// <summary>A class by its id.</summary>
    public static RowLabel Of(int id) => new() { Id = id };

    /// <summary>A class by its name.</summary>
    public static RowLabel Of(string name) => new() { Name = name };

    /// <summary>A number to be predicted.</summary>
    public static RowLabel Of(float value) => new() { Value = value };

    /// <summary>Several classes.</summary>
    public static RowLabel Of(IReadOnlyList<RowLabel> classes) => new() { Classes = classes };
}
