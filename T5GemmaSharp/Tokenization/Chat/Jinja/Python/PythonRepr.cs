using System.Globalization;
using System.Text;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>Python's <c>repr</c> of a string.</summary>
internal static class PythonRepr
{
    /// <summary>Appends a text in quotes, with what does not print as escapes.</summary>
    public static void Append(RenderContext context, StringBuilder builder, string text)
    {
        var plain = context.Plain(text);
        var quote = plain.Contains('\'', StringComparison.Ordinal) && !plain.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        builder.Append(quote);
        for (var index = 0; index < text.Length; index += CodePoints.LengthAt(plain, index))
        {
            context.CheckLength(builder.Length);
            var length = CodePoints.LengthAt(plain, index);
            if (Escape(plain.AsSpan(index, length), quote) is { } escape)
                builder.Append(escape);
            else
                builder.Append(text, index, length);
        }

        builder.Append(quote);
    }

    private static string? Escape(ReadOnlySpan<char> character, char quote)
    {
        switch (character[0])
        {
            case '\\':
                return @"\\";
            case '\n':
                return @"\n";
            case '\r':
                return @"\r";
            case '\t':
                return @"\t";
            case var first when first == quote:
                return $"\\{quote}";
        }

        var code = character.Length == 2 ? char.ConvertToUtf32(character[0], character[1]) : character[0];
        if (IsPrintable(code))
            return null;
        return code switch
        {
            <= 0xFF => string.Create(CultureInfo.InvariantCulture, $"\\x{code:x2}"),
            <= 0xFFFF => string.Create(CultureInfo.InvariantCulture, $"\\u{code:x4}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"\\U{code:x8}"),
        };
    }

    private static bool IsPrintable(int code) => code == ' ' || CharUnicodeInfo.GetUnicodeCategory(code) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
