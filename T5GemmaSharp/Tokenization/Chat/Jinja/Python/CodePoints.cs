namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>Texts as Python's strings: a surrogate pair is one character.</summary>
internal static class CodePoints
{
    /// <summary>Whether no character is a surrogate pair, so that characters are code units.</summary>
    public static bool AreUnits(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDBFF') < 0;

    /// <summary>Number of characters.</summary>
    public static int Count(string text)
    {
        var count = text.Length;
        for (var index = Next(text, 0); index < text.Length; index = Next(text, index + 2))
            count--;
        return count;
    }

    /// <summary>Where each character starts, and the text's length at the end.</summary>
    public static int[] Starts(string text)
    {
        var starts = new int[Count(text) + 1];
        for (int index = 0, position = 0; index < starts.Length; index++)
        {
            starts[index] = position;
            position += LengthAt(text, position);
        }

        return starts;
    }

    /// <summary>The characters.</summary>
    public static IEnumerable<string> Split(string text)
    {
        for (var position = 0; position < text.Length; position += LengthAt(text, position))
            yield return text.Substring(position, LengthAt(text, position));
    }

    /// <summary>Order of two texts by their characters' numbers.</summary>
    public static int Compare(string left, string right)
    {
        var common = left.AsSpan().CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
            return left.Length.CompareTo(right.Length);

        // Surrogates stand for characters above all others, though their code units do not.
        var (first, second) = (left[common], right[common]);
        if (char.IsSurrogate(first) != char.IsSurrogate(second))
            return char.IsSurrogate(first) ? 1 : -1;
        return first.CompareTo(second);
    }

    /// <summary>Number of code units of the character at a position.</summary>
    public static int LengthAt(string text, int position)
        => position + 1 < text.Length && char.IsSurrogatePair(text[position], text[position + 1]) ? 2 : 1;

    // The next surrogate pair.
    private static int Next(string text, int start)
    {
        while (start < text.Length)
        {
            var found = text.AsSpan(start).IndexOfAnyInRange('\uD800', '\uDBFF');
            if (found < 0)
                break;
            start += found;
            if (LengthAt(text, start) == 2)
                return start;
            start++;
        }

        return text.Length;
    }
}
