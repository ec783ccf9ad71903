using System.Buffers;
using System.Text;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>Python's string methods. They search in the plain text and cut from the given one, so that stand-ins survive.</summary>
internal static class PythonText
{
    private const int ProductsPerStep = 4096;
    private static readonly SearchValues<char> LineBreaks = SearchValues.Create("\n\r\v\f\u001C\u001D\u001E\u0085\u2028\u2029");

    /// <summary>Takes whitespace, or the given characters, off the ends.</summary>
    public static string Strip(RenderContext context, string text, string? characters, bool left, bool right)
    {
        var plain = context.Plain(text);
        context.Step(characters?.Length ?? 0);
        var set = characters is null ? null : CodePoints.Split(context.Plain(characters)).ToHashSet(StringComparer.Ordinal);
        var (start, end) = (0, plain.Length);
        while (left && start < end && IsStripped(plain, start, set))
            start += CodePoints.LengthAt(plain, start);
        while (right && end > start && IsStripped(plain, LastStart(plain, end), set))
            end = LastStart(plain, end);
        context.Step((text.Length - (end - start)) / (set is null ? 8 : 1));
        context.Produce(end - start);
        return text[start..end];
    }

    /// <summary>Where a part starts at or after a position; null when it does not occur.</summary>
    public static int? Find(RenderContext context, string plain, string part, int start, bool fromEnd = false)
    {
        var searched = fromEnd ? plain.AsSpan(0, start) : plain.AsSpan(start);
        context.Afford(SearchSteps(searched.Length, part));
        var index = fromEnd ? searched.LastIndexOf(part) : searched.IndexOf(part);
        var passed = index < 0 ? searched.Length : fromEnd ? searched.Length - index : index;
        context.Step(SearchSteps(passed, part));
        if (index < 0)
            return null;
        return fromEnd ? index : start + index;
    }

    /// <summary>Splits at a separator, at most so many times; a negative number means everywhere.</summary>
    public static List<object?> Split(RenderContext context, string text, string separator, long maximum, bool fromEnd)
    {
        if (separator.Length == 0)
            throw context.Fail("split: the separator is empty");
        context.Produce(text.Length);
        var (plain, part) = (context.Plain(text), context.Plain(separator));
        List<object?> pieces = [];
        var (start, end) = (0, text.Length);
        while (maximum < 0 || pieces.Count < maximum)
        {
            if (Find(context, plain, part, fromEnd ? end : start, fromEnd) is not { } found)
                break;
            pieces.Add(fromEnd ? text[(found + part.Length)..end] : text[start..found]);
            (start, end) = fromEnd ? (start, found) : (found + part.Length, end);
        }

        pieces.Add(text[start..end]);
        if (fromEnd)
            pieces.Reverse();
        return pieces;
    }

    /// <summary>Splits at runs of whitespace, at most so many times; a negative number means everywhere.</summary>
    public static List<object?> SplitAtSpaces(RenderContext context, string text, long maximum)
    {
        context.Produce(text.Length);
        context.PassSlowly(text.Length);
        var plain = context.Plain(text);
        List<object?> pieces = [];
        var start = PythonSpaces.LeadingLength(plain);
        while (start < plain.Length)
        {
            context.Step();
            var isRest = maximum >= 0 && pieces.Count >= maximum;
            var end = isRest ? plain.Length : start + WordLength(plain.AsSpan(start));
            pieces.Add(text[start..end]);
            start = end + PythonSpaces.LeadingLength(plain.AsSpan(end));
        }

        return pieces;
    }

    /// <summary>Splits at line breaks, of which Python knows more than most.</summary>
    public static List<string> SplitLines(RenderContext context, string text)
    {
        context.Produce(text.Length);
        context.Pass(text.Length);
        var plain = context.Plain(text);
        List<string> lines = [];
        for (var start = 0; start < plain.Length;)
        {
            context.Step();
            var length = plain.AsSpan(start).IndexOfAny(LineBreaks);
            if (length < 0)
            {
                lines.Add(text[start..]);
                break;
            }

            lines.Add(text.Substring(start, length));
            start += length + (plain.AsSpan(start + length).StartsWith("\r\n", StringComparison.Ordinal) ? 2 : 1);
        }

        return lines;
    }

    /// <summary>Replaces a part, at most so many times; a negative number means everywhere.</summary>
    public static string Replace(RenderContext context, string text, string part, string replacement, long maximum)
    {
        if (part.Length == 0)
            throw context.Fail("replace: replacing an empty text is not supported");
        var (plain, plainPart) = (context.Plain(text), context.Plain(part));
        var builder = new StringBuilder();
        var start = 0;
        for (var count = 0L; maximum < 0 || count < maximum; count++)
        {
            if (Find(context, plain, plainPart, start) is not { } found)
                break;
            context.CheckLength(builder.Length + (long)replacement.Length);
            builder.Append(text, start, found - start).Append(replacement);
            start = found + part.Length;
        }

        context.Produce(builder.Length + (long)text.Length - start);
        return builder.Append(text, start, text.Length - start).ToString();
    }

    /// <summary>Whether a text begins, or ends, with a part.</summary>
    public static bool HasEdge(RenderContext context, string text, string part, bool atEnd)
    {
        var (plain, plainPart) = (context.Plain(text), context.Plain(part));
        context.Pass(part.Length);
        return atEnd ? plain.EndsWith(plainPart, StringComparison.Ordinal) : plain.StartsWith(plainPart, StringComparison.Ordinal);
    }

    private static long SearchSteps(long length, string part) => 1 + (length / RenderContext.CharactersPerStep) + (length * part.Length / ProductsPerStep);

    private static bool IsStripped(string text, int position, HashSet<string>? characters)
        => characters?.Contains(text.Substring(position, CodePoints.LengthAt(text, position))) ?? PythonSpaces.IsSpace(text[position]);

    private static int LastStart(string text, int end)
        => end > 1 && char.IsSurrogatePair(text[end - 2], text[end - 1]) ? end - 2 : end - 1;

    private static int WordLength(ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && !PythonSpaces.IsSpace(text[length]))
            length++;
        return length;
    }
}
