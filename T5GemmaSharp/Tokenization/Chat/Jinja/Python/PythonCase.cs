using System.Globalization;
using System.Text;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>Upper and lower case as Python has them.</summary>
/// <remarks>Python maps some letters to several, or by what stands beside them, and .NET does not: those letters are errors, not differences.</remarks>
internal static class PythonCase
{
    // Below the Armenian block, the letters whose case is not one other letter or that Python alone counts as cased.
    private const string Special = "\u00AA\u00BA\u00DF\u0130\u0131\u0149\u017F\u019B\u01C4\u01C5\u01C6\u01C7\u01C8\u01C9\u01CA\u01CB\u01CC\u01F0\u01F1\u01F2\u01F3\u0264"
        + "\u02B0\u02B1\u02B2\u02B3\u02B4\u02B5\u02B6\u02B7\u02B8\u02C0\u02C1\u02E0\u02E1\u02E2\u02E3\u02E4\u0345\u037A\u0390\u03A3\u03B0";

    private const int FirstArmenian = 0x530;

    /// <summary>All letters in upper case.</summary>
    public static string Upper(RenderContext context, string text) => Map(context, text, _ => true);

    /// <summary>All letters in lower case.</summary>
    public static string Lower(RenderContext context, string text) => Map(context, text, _ => false);

    /// <summary>The first character in upper case, the others in lower case.</summary>
    public static string Capitalize(RenderContext context, string text) => Map(context, text, previous => previous is null);

    /// <summary>Python's <c>str.title</c>: upper case behind what is no letter.</summary>
    public static string Title(RenderContext context, string text)
        => Map(context, text, previous => previous is not { } rune || !IsCased(rune));

    /// <summary>Jinja's filter <c>title</c>: upper case behind spaces, hyphens and opening brackets.</summary>
    public static string TitleOfWords(RenderContext context, string text) => Map(context, text, previous => previous is not { } rune || BeginsWord(rune));

    private static string Map(RenderContext context, string text, Func<Rune?, bool> isUpper)
    {
        context.Produce(text.Length);
        context.PassSlowly(text.Length);
        var plain = context.Plain(text);
        var result = new StringBuilder(text.Length);
        Rune? previous = null;
        foreach (var rune in plain.EnumerateRunes())
        {
            if (!IsSupported(rune))
                throw context.Fail($"the upper and lower case of '{rune}' (U+{rune.Value:X4}) is not supported");
            var mapped = isUpper(previous) ? Rune.ToUpperInvariant(rune) : Rune.ToLowerInvariant(rune);
            if (mapped.IsBmp)
                result.Append(context.MarkedLike((char)mapped.Value, text[result.Length]));
            else
                result.Append(mapped.ToString());
            previous = rune;
        }

        return result.ToString();
    }

    private static bool IsSupported(Rune rune)
    {
        if (rune.Value < FirstArmenian)
            return !Special.Contains((char)rune.Value, StringComparison.Ordinal);
        var isPhonetic = Rune.GetUnicodeCategory(rune) == UnicodeCategory.ModifierLetter && (rune.Value is (>= 0x1D00 and < 0x3000) or >= 0xA640);
        var isEnclosed = rune.Value is >= 0x1F130 and <= 0x1F189;
        return !isPhonetic && !isEnclosed && !IsCased(rune) && Rune.ToUpperInvariant(rune) == rune && Rune.ToLowerInvariant(rune) == rune;
    }

    private static bool IsCased(Rune rune)
        => Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;

    private static bool BeginsWord(Rune rune) => rune.IsBmp && (PythonSpaces.IsSpace((char)rune.Value) || rune.Value is '-' or '(' or '{' or '[' or '<');
}
