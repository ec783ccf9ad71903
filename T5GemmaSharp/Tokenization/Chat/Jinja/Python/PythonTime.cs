using System.Globalization;
using System.Text;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>Python's <c>strftime</c> in the C locale.</summary>
internal static class PythonTime
{
    /// <summary>A time as a format describes it.</summary>
    /// <exception cref="ChatTemplateException">The format has a directive that is not supported.</exception>
    public static string Format(RenderContext context, DateTimeOffset time, string format)
    {
        context.Produce(format.Length * 12L); // no directive gives more per character
        var builder = new StringBuilder();
        for (var index = 0; index < format.Length; index++)
        {
            if (format[index] != '%')
            {
                builder.Append(format[index]);
                continue;
            }

            var isUnpadded = index + 1 < format.Length && format[index + 1] == '-';
            index += isUnpadded ? 2 : 1;
            var directive = index < format.Length ? format[index] : '\0';
            var text = Directive(time, directive) ?? throw context.Fail($"strftime_now: the directive %{(isUnpadded ? "-" : "")}{directive} is not supported");
            builder.Append(isUnpadded ? Unpad(text) : text);
        }

        return builder.ToString();
    }

    private static string? Directive(DateTimeOffset time, char directive) => directive switch
    {
        'a' => Text(time, "ddd"),
        'A' => Text(time, "dddd"),
        'b' or 'h' => Text(time, "MMM"),
        'B' => Text(time, "MMMM"),
        'd' => Text(time, "dd"),
        'D' => Text(time, "MM/dd/yy"),
        'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'F' => Text(time, "yyyy-MM-dd"),
        'H' => Text(time, "HH"),
        'I' => Text(time, "hh"),
        'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'm' => Text(time, "MM"),
        'M' => Text(time, "mm"),
        'p' => Text(time, "tt"),
        'R' => Text(time, "HH:mm"),
        'S' => Text(time, "ss"),
        'T' => Text(time, "HH:mm:ss"),
        'y' => Text(time, "yy"),
        'Y' => Text(time, "yyyy"),
        '%' => "%",
        _ => null,
    };

    private static string Text(DateTimeOffset time, string format) => time.ToString(format, CultureInfo.InvariantCulture);

    private static string Unpad(string text)
    {
        var digits = text.TrimStart('0', ' ');
        return digits.Length > 0 && char.IsAsciiDigit(digits[0]) || text.All(character => character is '0') ? digits.PadLeft(1, '0') : text;
    }
}
