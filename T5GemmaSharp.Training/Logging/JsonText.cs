using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace T5GemmaSharp.Training.Logging;

/// <summary>JSON that the program writes. It has no infinity and no NaN, which become null.</summary>
internal static class JsonText
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An object on one line, without a line feed behind it.</summary>
    /// <param name="write">Writes its members.</param>
    public static string Line(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>A member that is a number.</summary>
    public static void WriteFinite(this Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }

    /// <summary>A member that is a number.</summary>
    public static void WriteFinite(this Utf8JsonWriter json, string name, float value)
    {
        json.WritePropertyName(name);
        json.WriteFiniteValue(value);
    }

    /// <summary>A number, or null where there is none.</summary>
    public static void WriteFiniteValue(this Utf8JsonWriter json, float? number)
    {
        if (number is { } value && float.IsFinite(value))
            json.WriteNumberValue(value);
        else
            json.WriteNullValue();
    }

    /// <summary>A member that is a list.</summary>
    public static void WriteList<T>(this Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
            write(item);
        json.WriteEndArray();
    }
}
