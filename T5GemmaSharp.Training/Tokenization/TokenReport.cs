using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.ML.Tokenizers;

namespace T5GemmaSharp.Training.Tokenization;

/// <summary>What a person sees of the tokens of a text.</summary>
internal static class TokenReport
{
    /// <summary>A line a token (place in the text, id, piece), and one with the counts.</summary>
    public static string Table(string text, IReadOnlyList<EncodedToken> tokens)
    {
        var placeWidth = tokens.Select(token => Place(token).Length).DefaultIfEmpty().Max();
        var idWidth = tokens.Select(token => $"{token.Id}".Length).DefaultIfEmpty().Max();
        var builder = new StringBuilder();
        foreach (var token in tokens)
            builder.Append(Place(token).PadRight(placeWidth)).Append("  ").Append($"{token.Id}".PadLeft(idWidth)).Append("  ").Append(Escape(token.Value)).Append('\n');
        return builder.Append($"{tokens.Count} tokens, {text.Length} UTF-16 units").ToString();
    }

    /// <summary>The ids, parted by spaces.</summary>
    public static string Ids(IReadOnlyList<EncodedToken> tokens) => string.Join(' ', tokens.Select(token => token.Id));

    /// <summary>One line of JSON with everything about every text.</summary>
    public static string Json(IEnumerable<IReadOnlyList<EncodedToken>> texts)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartArray("texts");
            foreach (var tokens in texts)
                WriteText(json, tokens);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void WriteText(Utf8JsonWriter json, IReadOnlyList<EncodedToken> tokens)
    {
        json.WriteStartObject();
        json.WriteNumber("count", tokens.Count);
        json.WriteStartArray("tokens");
        foreach (var token in tokens)
        {
            json.WriteStartObject();
            json.WriteNumber("id", token.Id);
            json.WriteString("piece", token.Value);
            json.WriteNumber("start", token.Offset.Start.Value);
            json.WriteNumber("end", token.Offset.End.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Place(EncodedToken token) => token.Offset.ToString();

    // A piece may be a line feed or a run of tabs, which would break the table.
    private static string Escape(string piece)
        => string.Concat(piece.Select(unit => unit switch
        {
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            _ => char.IsControl(unit) ? $"\\u{(int)unit:x4}" : unit.ToString(),
        }));
}
