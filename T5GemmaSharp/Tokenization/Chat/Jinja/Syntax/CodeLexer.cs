using System.Globalization;
using System.Text.RegularExpressions;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>Reads the names, literals and operators inside a tag.</summary>
internal static partial class CodeLexer
{
    private const int MaximumName = 1000;

    private static readonly string[] LongOperators = ["//", "**", "==", "!=", ">=", "<="];

    /// <summary>Reads one token.</summary>
    /// <param name="source">The template.</param>
    /// <param name="position">Where the token starts; moved behind it.</param>
    /// <param name="line">The line of the token.</param>
    /// <param name="problem">What is wrong; null when nothing is.</param>
    public static Token Read(string source, ref int position, int line, out string? problem)
    {
        problem = null;
        var first = source[position];
        if (first is '\'' or '"')
            return ReadString(source, ref position, line, out problem);
        if (char.IsAsciiDigit(first))
            return ReadNumber(source, ref position, line, out problem);
        var length = NameLength(source.AsSpan(position));
        if (length > MaximumName)
            problem = $"a name of more than {MaximumName} characters";
        if (length > 0)
            return Take(TokenKind.Name, source, ref position, length, line);
        foreach (var text in LongOperators)
        {
            if (source.AsSpan(position).StartsWith(text, StringComparison.Ordinal))
                return Take(TokenKind.Operator, source, ref position, text.Length, line);
        }

        if (!"+-/*%~[](){}><=.:|,;".Contains(first, StringComparison.Ordinal))
            problem = $"unexpected character '{first}'";
        return Take(TokenKind.Operator, source, ref position, length: 1, line);
    }

    private static Token Take(TokenKind kind, string source, ref int position, int length, int line)
    {
        var token = new Token(kind, source.Substring(position, length), line);
        position += length;
        return token;
    }

    private static int NameLength(ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && (char.IsAsciiLetterOrDigit(text[length]) || text[length] == '_'))
            length++;
        return length;
    }

    private static Token ReadString(string source, ref int position, int line, out string? problem)
    {
        var quote = source[position];
        var end = position + 1;
        while (end < source.Length && source[end] != quote)
            end += source[end] == '\\' ? 2 : 1;
        if (end >= source.Length)
        {
            problem = "a string without an end";
            return new Token(TokenKind.String, "", line);
        }

        var text = StringLiteral.Unescape(source.AsSpan(position + 1, end - position - 1), out problem);
        position = end + 1;
        return new Token(TokenKind.String, text, line);
    }

    private static Token ReadNumber(string source, ref int position, int line, out string? problem)
    {
        problem = null;
        var real = position > 0 && source[position - 1] == '.' ? Match.Empty : Real().Match(source, position);
        var match = real.Success ? real : Integer().Match(source, position);
        var digits = match.Value.Replace("_", "", StringComparison.Ordinal);
        object number = 0L;
        if (real.Success)
            number = double.Parse(digits, CultureInfo.InvariantCulture);
        else if (long.TryParse(digits, CultureInfo.InvariantCulture, out var integer))
            number = integer;
        else
            problem = $"the integer {digits} is beyond 64 bits";
        position += match.Length;
        return new Token(TokenKind.Number, match.Value, line, number);
    }

    [GeneratedRegex(@"\G(?:[0-9]+_)*[0-9]+(?:(?:\.(?:[0-9]+_)*[0-9]+)?e[+-]?(?:[0-9]+_)*[0-9]+|\.(?:[0-9]+_)*[0-9]+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Real();

    [GeneratedRegex(@"\G(?:[1-9](?:_?[0-9])*|0(?:_?0)*)", RegexOptions.CultureInvariant)]
    private static partial Regex Integer();
}
