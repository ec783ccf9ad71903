using System.IO.Compression;
using System.Text;
using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Training.Recipes.G2p;

/// <summary>The CMU Pronouncing Dictionary without stress marks, and its fixed division into three parts.</summary>
public static class CmuPronunciations
{
    private const string ResourceName = "T5GemmaSharp.Training.Recipes.G2p.cmudict.txt.gz";

    /// <summary>Reads the embedded dictionary.</summary>
    /// <returns>The words in ordinal order.</returns>
    public static IReadOnlyList<PronunciationEntry> Load()
    {
        using var resource = Resources.Open(ResourceName);
        using var gzip = new GZipStream(resource, CompressionMode.Decompress);
        using var reader = new StreamReader(gzip, Encoding.UTF8);
        return [.. Parse(reader)];
    }

    /// <summary>Reads lines of a word and its pronunciations, parted by tabs; stress marks are dropped.</summary>
    /// <param name="reader">The lines.</param>
    /// <exception cref="FormatException">A line has no pronunciation.</exception>
    public static IEnumerable<PronunciationEntry> Parse(TextReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            var fields = line.Split('\t');
            if (fields.Length < 2 || fields.Any(string.IsNullOrWhiteSpace))
                throw new FormatException($"pronunciation dictionary, line {number}: expected a word and pronunciations parted by tabs, got \"{line}\"");
            yield return new PronunciationEntry(fields[0], [.. fields.Skip(1).Select(DropStress).Distinct()]);
        }
    }

    /// <summary>The part that a word belongs to: a hash of its UTF-8 bytes, the same on every machine and in every run.</summary>
    /// <param name="word">The word.</param>
    public static DataSplit SplitOf(string word)
    {
        ArgumentNullException.ThrowIfNull(word);

        // FNV-1a, then a mix: the low digits of FNV alone are too even.
        var hash = 14_695_981_039_346_656_037;
        foreach (var value in Encoding.UTF8.GetBytes(word))
            hash = (hash ^ value) * 1_099_511_628_211;
        return (CounterRandom.Mix(hash) % 100) switch
        {
            < 90 => DataSplit.Train,
            < 95 => DataSplit.Validation,
            _ => DataSplit.Test,
        };
    }

    private static string DropStress(string pronunciation) => string.Concat(pronunciation.Where(letter => !char.IsAsciiDigit(letter)));
}
