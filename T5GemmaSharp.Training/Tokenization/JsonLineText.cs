using System.Globalization;
using System.Text;
using System.Text.Json;

namespace T5GemmaSharp.Training.Tokenization;

/// <summary>Reads a line that is one JSON value.</summary>
/// <remarks>System.Text.Json checks the grammar; its own unescaping refuses lone surrogates, which a tokenizer must accept.</remarks>
internal static class JsonLineText
{
    private const int ShownBytes = 60;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a JSON string into UTF-16, lone surrogates included.</summary>
    /// <param name="line">The line.</param>
    /// <param name="destination">Receives the text; replaced by a longer one when it is too short.</param>
    /// <returns>The text, a part of <paramref name="destination"/>.</returns>
    /// <exception cref="FormatException">The line is something else.</exception>
    public static ReadOnlySpan<char> ReadString(ReadOnlySpan<byte> line, ref char[] destination)
    {
        const string Expected = "a JSON string";
        var reader = new Utf8JsonReader(line);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.String)
                throw Fault(Expected, line);
            var value = reader.ValueSpan;
            var isEscaped = reader.ValueIsEscaped;
            reader.Read();

            // UTF-16 never has more units than UTF-8 or an escape has bytes.
            if (destination.Length < value.Length)
                destination = new char[Math.Max(value.Length, (int)Math.Min(2L * destination.Length, Array.MaxLength))];
            return destination.AsSpan(0, isEscaped ? Unescape(value, destination) : Utf8.GetChars(value, destination));
        }
        catch (JsonException exception)
        {
            throw Fault(Expected, line, exception);
        }
        catch (DecoderFallbackException exception)
        {
            throw Fault(Expected + " in valid UTF-8", line, exception);
        }
    }

    /// <summary>Reads a JSON array of integers. One beyond the range of an int is outside every vocabulary and becomes -1, which is so too.</summary>
    /// <param name="line">The line.</param>
    /// <param name="destination">Receives the ids; cleared first.</param>
    /// <exception cref="FormatException">The line is something else.</exception>
    public static void ReadIds(ReadOnlySpan<byte> line, List<int> destination)
    {
        const string Expected = "a JSON array of integers";
        destination.Clear();
        var reader = new Utf8JsonReader(line);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
                throw Fault(Expected, line);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var id))
                    throw Fault($"{Expected}, its element {destination.Count} is none", line);
                destination.Add(id is >= 0 and <= int.MaxValue ? (int)id : -1);
            }

            reader.Read();
        }
        catch (JsonException exception)
        {
            throw Fault(Expected, line, exception);
        }
    }

    private static int Unescape(ReadOnlySpan<byte> value, Span<char> destination)
    {
        var written = 0;
        while (true)
        {
            var plain = value.IndexOf((byte)'\\');
            written += Utf8.GetChars(plain < 0 ? value : value[..plain], destination[written..]);
            if (plain < 0)
                return written;
            var isHexadecimal = value[plain + 1] == 'u';
            destination[written++] = isHexadecimal ? (char)ushort.Parse(value.Slice(plain + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) : Simple(value[plain + 1]);
            value = value[(plain + (isHexadecimal ? 6 : 2))..];
        }
    }

    private static char Simple(byte escaped) => escaped switch
    {
        (byte)'b' => '\b',
        (byte)'f' => '\f',
        (byte)'n' => '\n',
        (byte)'r' => '\r',
        (byte)'t' => '\t',
        _ => (char)escaped,
    };

    private static FormatException Fault(string expected, ReadOnlySpan<byte> line, Exception? cause = null)
    {
        var reason = cause is JsonException { BytePositionInLine: > 0 and var position } ? $" (the JSON ends or breaks at byte {position})" : "";
        return new FormatException($"expected {expected}, got {Show(line)}{reason}", cause);
    }

    private static string Show(ReadOnlySpan<byte> line)
    {
        line = line.Trim(" \t\r"u8);
        if (line.IsEmpty)
            return "an empty line";
        var text = Encoding.UTF8.GetString(line[..Math.Min(line.Length, ShownBytes)]);
        return line.Length > ShownBytes ? $"{text}... ({line.Length} bytes)" : text;
    }
}
