using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Objectives;

namespace T5GemmaSharp.Training.Probing;

/// <summary>A guess of which ids a model knows as marks of spans and modes. It renames those of an example that was made with <see cref="SentinelTable.Gemma"/>.</summary>
internal sealed class SentinelConvention
{
    private static readonly Dictionary<int, int> Places = SentinelTable.Gemma.Sentinels.Index().ToDictionary(item => item.Item, item => item.Index);

    private readonly Func<int, int> _sentinel; // id of a span, by its place

    private SentinelConvention(string name, bool hasModes, Func<int, int> sentinel) => (Name, HasModes, _sentinel) = (name, hasModes, sentinel);

    /// <summary>Which ids stand for spans.</summary>
    public string Name { get; }

    /// <summary>Whether the encoder's text has a mode token in front of it.</summary>
    public bool HasModes { get; }

    /// <summary>All guesses, without and with mode tokens.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    public static IReadOnlyList<SentinelConvention> All(T5GemmaTokenizer tokenizer) => [.. Of(tokenizer, hasModes: false), .. Of(tokenizer, hasModes: true)];

    /// <summary>The example in this convention.</summary>
    public Seq2SeqExample Rename(Seq2SeqExample example) => new([.. example.InputIds.Where(id => HasModes || !SentinelTable.Gemma.Modes.Contains(id)).Select(Rename)], [.. example.Labels.Select(Rename)]);

    private static IEnumerable<SentinelConvention> Of(T5GemmaTokenizer tokenizer, bool hasModes)
    {
        var sentinels = SentinelTable.Gemma.Sentinels;
        int[] descending = [.. (hasModes ? sentinels : sentinels.Concat(SentinelTable.Gemma.Modes)).Reverse()]; // modes take the last three
        var last = tokenizer.VocabularySize - 1;
        yield return new("unused ascending", hasModes, place => sentinels[place]);
        yield return new("unused descending", hasModes, place => descending[place]);
        yield return new("vocabulary end descending", hasModes, place => last - place);
        if (tokenizer.TokenToId("<mask>") is { } mask)
            yield return new("mask", hasModes, _ => mask);
    }

    private int Rename(int id) => Places.TryGetValue(id, out var place) ? _sentinel(place) : id;
}
