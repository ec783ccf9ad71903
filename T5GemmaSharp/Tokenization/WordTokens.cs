namespace T5GemmaSharp.Tokenization;

/// <summary>The words of a text, and which token carries which word's label.</summary>
internal static class WordTokens
{
    /// <summary>Stands for no word.</summary>
    public const int NoWord = -1;

    /// <summary>The words of a text: what blanks part.</summary>
    /// <returns>Each word, and where it begins in UTF-16 units.</returns>
    public static List<(string Text, int Start)> Split(string text)
    {
        var words = new List<(string, int)>();
        for (var start = 0; start < text.Length;)
        {
            var end = start;
            while (end < text.Length && !char.IsWhiteSpace(text[end]))
                end++;
            if (end > start)
                words.Add((text[start..end], start));
            start = end + 1;
        }

        return words;
    }

    /// <summary>Encodes words with spaces between them.</summary>
    /// <returns>Ids, and for each token the index of the word that it begins; <see cref="NoWord"/> for further tokens of a word and for bos and eos.</returns>
    /// <exception cref="FormatException">A word begins in a token of the word before it, so that its label has no place.</exception>
    public static (int[] Ids, int[] Words) Encode(T5GemmaTokenizer tokenizer, IReadOnlyList<string> words, bool parseSpecial)
    {
        var tokens = tokenizer.EncodeToTokens(string.Join(' ', words), addBos: null, addEos: null, parseSpecial);
        var starts = new int[words.Count + 1];
        for (var index = 0; index < words.Count; index++)
            starts[index + 1] = starts[index] + words[index].Length + 1; // 1 for the space

        var next = 0;
        var wordOf = new int[tokens.Count];
        for (var token = 0; token < tokens.Count; token++)
        {
            // A token may begin with the space before its word.
            var begins = next < words.Count && tokens[token].Offset.End.Value > starts[next];
            wordOf[token] = begins ? next++ : NoWord;
            if (begins && next < words.Count && tokens[token].Offset.End.Value > starts[next])
                throw new FormatException($"tokens[{next}]: expected a token that begins with it, '{words[next]}' shares one with '{words[next - 1]}'");
        }

        return ([.. tokens.Select(token => token.Id)], wordOf);
    }
}
