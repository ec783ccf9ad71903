using System.Text.Json;

namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>How rows of a task are read; <see cref="RowFormats"/> has them.</summary>
/// <typeparam name="TRow">What a row holds.</typeparam>
public sealed class RowFormat<TRow>
{
    private readonly Func<JsonElement, KeyMap, TRow> _read;
    private readonly Func<string, TRow>? _readText;

    internal RowFormat(IReadOnlyList<string> fields, Func<JsonElement, KeyMap, TRow> read, Func<string, TRow>? readText = null)
        => (Fields, _read, _readText) = (fields, read, readText);

    /// <summary>Fields that a <see cref="KeyMap"/> may name.</summary>
    public IReadOnlyList<string> Fields { get; }

    /// <summary>Reads an object.</summary>
    /// <exception cref="FormatException">It is something else, or a key is missing or has a value of another kind.</exception>
    internal TRow Read(JsonElement row, KeyMap map)
    {
        JsonFields.Demand(row, JsonValueKind.Object, "the row", "a JSON object");
        return _read(row, map);
    }

    /// <summary>Reads a document of plain text.</summary>
    /// <exception cref="FormatException">The task needs more than a text.</exception>
    internal TRow ReadText(string text)
        => _readText is null ? throw new FormatException($"expected rows with {string.Join(" and ", Fields)}, got plain text; write a JSON object a line") : _readText(text);
}
