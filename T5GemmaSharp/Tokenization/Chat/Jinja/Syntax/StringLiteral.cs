using System.Buffers;
using System.Globalization;
using System.Text;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>Python's escape sequences.</summary>
internal static class StringLiteral
{
    private static readonly SearchValues<char> OctalDigits = SearchValues.Create("01234567");

    /// <summary>Resolves the escapes of a literal.</summary>
    /// <param name="body">What stands between the quotes.</param>
    /// <param name="problem">What is wrong; null when nothing is.</param>
    public static string Unescape(ReadOnlySpan<char> body, out string? problem)
    {
        problem = null;
        var text = new StringBuilder(body.Length);
        while (!body.IsEmpty)
        {
            var plain = body.IndexOf('\\');
            if (plain < 0)
            {
                text.Append(body);
                break;
            }

            text.Append(body[..plain]);
            var read = ReadEscape(body[(plain + 1)..], text);
            if (read is null)
            {
                problem = $"the escape \\{body.Slice(plain + 1, Math.Min(1, body.Length - plain - 1))} is not valid or not supported";
                break;
            }

            body = body[(plain + 1 + read.Value)..];
        }

        return text.ToString();
    }

    // Returns how many characters after the backslash were read; null when the escape is not valid.
    private static int? ReadEscape(ReadOnlySpan<char> rest, StringBuilder text)
    {
        if (rest.IsEmpty)
            return null;
        var simple = rest[0] switch
        {
            '\\' or '\'' or '"' => rest[0],
            'a' => '\a',
            'b' => '\b',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\v',
            _ => '\0',
        };
        if (simple != '\0')
        {
            text.Append(simple);
            return 1;
        }

        switch (rest[0])
        {
            case '\n':
                return 1;
            case 'x':
                return ReadCode(rest, digits: 2, text);
            case 'u':
                return ReadCode(rest, digits: 4, text);
            case 'U':
                return ReadCode(rest, digits: 8, text);
            case 'N' or > '\x7F':
                return null;
            case >= '0' and <= '7':
                return ReadOctal(rest, text);
            default:
                text.Append('\\').Append(rest[0]);
                return 1;
        }
    }

    private static int? ReadCode(ReadOnlySpan<char> rest, int digits, StringBuilder text)
    {
        if (rest.Length <= digits
            || !uint.TryParse(rest.Slice(1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            || !Rune.IsValid(code))
        {
            return null;
        }

        text.Append(new Rune(code).ToString());
        return 1 + digits;
    }

    private static int ReadOctal(ReadOnlySpan<char> rest, StringBuilder text)
    {
        var length = rest[..Math.Min(3, rest.Length)].IndexOfAnyExcept(OctalDigits);
        if (length < 0)
            length = Math.Min(3, rest.Length);
        var code = 0;
        foreach (var digit in rest[..length])
            code = (code * 8) + (digit - '0');
        text.Append((char)code);
        return length;
    }
}
