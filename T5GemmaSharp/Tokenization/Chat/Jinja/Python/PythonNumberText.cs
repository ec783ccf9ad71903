using System.Globalization;
using System.Text.RegularExpressions;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>Numbers from texts, as Python's <c>int</c> and <c>float</c> read them.</summary>
internal static partial class PythonNumberText
{
    /// <summary>An int; null when the text is none.</summary>
    /// <exception cref="ChatTemplateException">It is beyond 64 bits.</exception>
    public static long? TryInteger(RenderContext context, string text)
    {
        var digits = Trim(context, text);
        if (!Integer().IsMatch(digits))
            return null;
        return long.TryParse(digits.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture, out var value)
            ? value
            : throw context.Fail("the integer in the text is beyond 64 bits");
    }

    /// <summary>A float; null when the text is none.</summary>
    public static double? TryReal(RenderContext context, string text)
    {
        var digits = Trim(context, text);
        if (Real().IsMatch(digits))
            return double.Parse(digits.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        return digits.TrimStart('+', '-').ToLowerInvariant() switch
        {
            "nan" when digits.Length <= 4 => double.NaN,
            "inf" or "infinity" when digits.Length <= 9 && digits.LastIndexOfAny(['+', '-']) <= 0 => digits[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity,
            _ => null,
        };
    }

    private static string Trim(RenderContext context, string text)
    {
        context.PassSlowly(text.Length);
        var digits = PythonSpaces.Strip(context.Plain(text));
        return digits.Any(character => char.IsDigit(character) && !char.IsAsciiDigit(character))
            ? throw context.Fail("digits other than 0 to 9 are not supported")
            : digits;
    }

    [GeneratedRegex(@"^[+-]?[0-9]+(?:_[0-9]+)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Integer();

    [GeneratedRegex(@"^[+-]?(?:[0-9]+(?:_[0-9]+)*\.?(?:[0-9]+(?:_[0-9]+)*)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Real();
}
