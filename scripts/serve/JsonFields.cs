using System.Globalization;
using System.Text.Json;

namespace T5GemmaSharp.Serve;

/// <summary>Fields of an object. Each is taken once; what nobody takes is refused by its name. Null means absent.</summary>
internal sealed class JsonFields
{
    private const int LongestShown = 40;

    private readonly Dictionary<string, JsonElement> _left;
    private readonly string _path;

    /// <summary>Reads an object.</summary>
    /// <param name="element">The object.</param>
    /// <param name="path">Where it stands; empty: it is the body.</param>
    /// <exception cref="ApiException">It is none.</exception>
    public JsonFields(JsonElement element, string path)
    {
        _path = path;
        if (element.ValueKind != JsonValueKind.Object)
            throw ApiException.Value(path.Length == 0 ? "body" : path, "an object", Shown(element));
        _left = element.EnumerateObject().Where(property => property.Value.ValueKind != JsonValueKind.Null).ToDictionary(property => property.Name, property => property.Value);
    }

    /// <summary>The field's name from the body on.</summary>
    public string Path(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    public JsonElement? Take(string name) => _left.Remove(name, out var element) ? element : null;

    public JsonElement Demand(string name) => Take(name) ?? throw ApiException.Invalid("missing_required_parameter", Path(name), $"{Path(name)}: is required");

    public string? Text(string name) => Take(name) is { } element ? Text(element, Path(name)) : null;

    public bool? Flag(string name) => Take(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw ApiException.Value(Path(name), "true or false", Shown(other)),
    };

    public long? Integer(string name, long least, long most)
    {
        if (Take(name) is not { } element)
            return null;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var value) && value >= least && value <= most
            ? value
            : throw ApiException.Value(Path(name), $"an integer from {least} to {most}", Shown(element));
    }

    public double? Number(string name, double least, double most)
    {
        if (Take(name) is not { } element)
            return null;
        return element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var value) && value >= least && value <= most
            ? value
            : throw ApiException.Value(Path(name), string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"), Shown(element));
    }

    /// <summary>A text, or an array of them.</summary>
    public IReadOnlyList<string>? Texts(string name, int most)
    {
        if (Take(name) is not { } element)
            return null;
        if (element.ValueKind == JsonValueKind.String)
            return [Text(element, Path(name))];
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() == 0 || element.GetArrayLength() > most)
            throw ApiException.Value(Path(name), $"a text or an array of 1 to {most}", Shown(element));
        return [.. element.EnumerateArray().Select((item, index) => Text(item, $"{Path(name)}[{index}]"))];
    }

    /// <summary>Accepts a field only with values that ask for nothing.</summary>
    public void Neutral(string name, params ReadOnlySpan<string> values)
    {
        if (Take(name) is not { } element)
            return;
        foreach (var value in values)
        {
            using var document = JsonDocument.Parse(value);
            if (JsonElement.DeepEquals(document.RootElement, element))
                return;
        }

        throw ApiException.Unsupported(Path(name), $"not supported, got {Shown(element)}");
    }

    /// <summary>Refuses the fields that nobody has taken.</summary>
    /// <exception cref="ApiException">There are some.</exception>
    public void RefuseOthers()
    {
        if (_left.Count > 0)
            throw ApiException.Unsupported(Path(_left.Keys.First()), $"not supported{(_left.Count == 1 ? "" : $", nor {string.Join(", ", _left.Keys.Skip(1).Select(Path))}")}");
    }

    public static string Text(JsonElement element, string path)
        => element.ValueKind == JsonValueKind.String ? element.GetString()! : throw ApiException.Value(path, "a text", Shown(element)); // of this kind it is one

    public static string Shown(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array)
            return $"an array of {element.GetArrayLength()}";
        var raw = element.GetRawText();
        return raw.Length <= LongestShown ? raw : $"{raw.AsSpan(0, LongestShown)}...";
    }
}
