using System.Text.Json;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>A JSON object whose properties are parsed only when they are asked for: the vocabulary and the merges of a tokenizer are too large for a tree.</summary>
internal sealed class JsonSections : IDisposable
{
    private static readonly JsonDocumentOptions StrictJson = new() { AllowDuplicateProperties = false };

    private readonly string _file;
    private readonly string _path;
    private readonly Dictionary<string, ReadOnlyMemory<byte>> _properties = new(StringComparer.Ordinal);
    private readonly List<JsonDocument> _documents = [];

    /// <summary>Finds the properties of an object.</summary>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="path">The object's path, for messages; empty for the root.</param>
    /// <param name="json">The object.</param>
    /// <exception cref="TokenizerFormatException">It is no valid JSON, no object, or has a property twice.</exception>
    public JsonSections(string file, string path, ReadOnlyMemory<byte> json)
    {
        (_file, _path) = (file, path);
        Guard(file, () => FindProperties(json));
    }

    /// <summary>Parses a whole file.</summary>
    public static JsonDocument ParseDocument(ReadOnlyMemory<byte> json, string file) => Guard(file, () => JsonDocument.Parse(json, StrictJson));

    /// <summary>A property; null when it is missing or JSON null.</summary>
    public JsonField? Find(string name)
    {
        if (!_properties.TryGetValue(name, out var json))
            return null;
        var document = ParseDocument(json, _file);
        _documents.Add(document);
        return document.RootElement.ValueKind == JsonValueKind.Null ? null : new JsonField(_file, Join(name), document.RootElement);
    }

    /// <summary>A property that must be there.</summary>
    public JsonField Get(string name) => Find(name) ?? throw Missing(name);

    /// <summary>The bytes of a property that must be there.</summary>
    public ReadOnlyMemory<byte> GetBytes(string name) => _properties.TryGetValue(name, out var json) ? json : throw Missing(name);

    /// <summary>A property that is an object.</summary>
    public JsonSections Open(string name) => new(_file, Join(name), GetBytes(name));

    public void Dispose() => _documents.ForEach(document => document.Dispose());

    /// <summary>Runs code that reads JSON; its complaints name the file.</summary>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="read">The code.</param>
    /// <param name="field">What it reads, for messages about its text.</param>
    public static T Guard<T>(string file, Func<T> read, string field = "text")
    {
        try
        {
            return read();
        }
        catch (JsonException exception)
        {
            throw new TokenizerFormatException(file, "file", $"expected valid JSON, got: {exception.Message}", exception);
        }
        catch (InvalidOperationException exception)
        {
            // The readers of System.Text.Json refuse text that is no valid Unicode, such as an escape of a lone surrogate.
            throw new TokenizerFormatException(file, field, $"expected valid Unicode, got: {exception.Message}", exception);
        }
    }

    private bool FindProperties(ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new TokenizerFormatException(_file, _path.Length > 0 ? _path : "file", $"expected an object, got {reader.TokenType}");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!; // a property name is never null
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (!_properties.TryAdd(name, json[start..(int)reader.BytesConsumed]))
                throw new TokenizerFormatException(_file, Join(name), "expected one value, it is there twice");
        }

        // The end: a fault here is text behind the object.
        return reader.Read();
    }

    private TokenizerFormatException Missing(string name) => new(_file, Join(name), "expected a value, it is missing or null");

    private string Join(string name) => _path.Length > 0 ? $"{_path}.{name}" : name;
}
