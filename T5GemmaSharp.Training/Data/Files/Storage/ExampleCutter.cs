using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Training.Data.Files.Storage;

/// <summary>Cuts sequences that are too long.</summary>
internal sealed class ExampleCutter(T5GemmaTokenizer tokenizer, DataFileOptions options)
{
    /// <summary>Cuts what the encoder reads.</summary>
    public int[] CutSource(int[] ids) => Cut(ids, options.MaxSourceLength, options.SourceTruncation ?? tokenizer.TruncationSide);

    /// <summary>Cuts what the decoder writes: its end goes, but the token that closes it stays, as T5 and Hugging Face do it.</summary>
    public int[] CutTarget(int[] ids) => Cut(ids, options.MaxTargetLength, TruncationSide.Right);

    /// <summary>Cuts tokens, or what goes with each of them, at the end: nothing that stands there is kept.</summary>
    public int[] CutPlainly(int[] items) => options.MaxSourceLength is { } limit && items.Length > limit ? items[..limit] : items;

    private int[] Cut(int[] ids, int? limit, TruncationSide side)
    {
        if (limit is not { } most || ids.Length <= most)
            return ids;
        var startsWithBos = ids[0] == tokenizer.BosId;
        var endsSpecially = tokenizer.IsSpecial(ids[^1]) && most > (startsWithBos ? 1 : 0);
        return BatchLayout.Truncate(ids, most, side, startsWithBos, endsSpecially);
    }
}
