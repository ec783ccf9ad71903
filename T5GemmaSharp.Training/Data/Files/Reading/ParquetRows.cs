using System.Collections;
using System.Globalization;
using System.Text.Json;
using Parquet;
using Parquet.Serialization;

namespace T5GemmaSharp.Training.Data.Files.Reading;

/// <summary>The rows of a Parquet file as JSON, a row group in memory at a time.</summary>
internal static class ParquetRows
{
    public static IEnumerable<RawRow> Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read);
        var groups = Guard(file, () => CountGroups(stream));
        var number = 0L;
        for (var group = 0; group < groups; group++)
        {
            foreach (var row in Guard(file, () => ReadGroup(stream, group)))
                yield return new RawRow(new RowPlace(file, ++number, IsLine: false), ToJson(row));
        }
    }

    private static int CountGroups(Stream stream)
    {
        var reader = ParquetReader.CreateAsync(stream, leaveStreamOpen: true).GetAwaiter().GetResult();
        try
        {
            return reader.RowGroupCount;
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static IList<Dictionary<string, object>> ReadGroup(Stream stream, int group)
    {
        stream.Position = 0;
        return ParquetSerializer.DeserializeUntypedAsync(stream, rowGroupIndex: group).GetAwaiter().GetResult().Data;
    }

    // What Parquet.Net throws at a damaged file is not part of its contract: any exception may come.
    private static T Guard<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw DataFormatException.Of(file, $"expected a Parquet file: {exception.Message}", exception);
        }
    }

    private static byte[] ToJson(Dictionary<string, object> row)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
            Write(json, row);
        return stream.ToArray();
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case ReadOnlyMemory<char> text:
                json.WriteStringValue(text.Span);
                break;
            case bool truth:
                json.WriteBooleanValue(truth);
                break;
            case sbyte or byte or short or ushort or int or uint or long or ulong:
                json.WriteRawValue(Convert.ToString(value, CultureInfo.InvariantCulture)!); // numbers have a text
                break;
            case float or double or decimal or Half:
                WriteFraction(json, Convert.ToDouble(value, CultureInfo.InvariantCulture));
                break;
            case IEnumerable<KeyValuePair<string, object>> members:
                json.WriteStartObject();
                foreach (var (key, member) in members)
                {
                    json.WritePropertyName(key);
                    Write(json, member);
                }

                json.WriteEndObject();
                break;
            case IEnumerable items:
                json.WriteStartArray();
                foreach (var item in items)
                    Write(json, item);
                json.WriteEndArray();
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture)); // dates and the like, which no task reads
                break;
        }
    }

    // With a point, so that 1.0 stays a number to be predicted and does not become a class.
    private static void WriteFraction(Utf8JsonWriter json, double value)
    {
        if (!double.IsFinite(value))
            json.WriteNullValue();
        else if (value == Math.Truncate(value) && Math.Abs(value) < 1e15)
            json.WriteRawValue(value.ToString("0.0", CultureInfo.InvariantCulture));
        else
            json.WriteNumberValue(value);
    }
}
