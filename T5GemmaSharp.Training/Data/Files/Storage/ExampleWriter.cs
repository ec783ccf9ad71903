using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Training.Data.Files.Storage;

/// <summary>Puts examples of tokens into a store, cut and counted.</summary>
internal sealed class ExampleWriter(T5GemmaTokenizer tokenizer, TokenStore store, DataFileOptions options)
{
    private readonly ExampleCutter _cutter = new(tokenizer, options);

    public DataStatistics Statistics { get; } = new();

    /// <summary>Adds an example of two sequences of tokens.</summary>
    /// <exception cref="DataFormatException">A sequence is empty, or too long and that is refused.</exception>
    public void AddPair(RowPlace place, int[] source, int[] target)
    {
        Demand(place, source, "the encoder");
        Demand(place, target, "the decoder");
        Statistics.Read++;
        Statistics.SourceLengths.Add(source.Length);
        Statistics.TargetLengths.Add(target.Length);
        var (shortSource, shortTarget) = (_cutter.CutSource(source), _cutter.CutTarget(target));
        if (!Keep(place, (source, shortSource, "source"), (target, shortTarget, "target")))
            return;
        Statistics.CutSources += shortSource.Length < source.Length ? 1 : 0;
        Statistics.CutTargets += shortTarget.Length < target.Length ? 1 : 0;
        store.Append(shortSource, shortTarget);
    }

    /// <summary>Adds an example of tokens and something that is no token and is not cut.</summary>
    /// <exception cref="DataFormatException">There is no token, or they are too many and that is refused.</exception>
    public void AddLabelled(RowPlace place, int[] source, ReadOnlySpan<int> labels)
    {
        var shortSource = _cutter.CutSource(source);
        if (Count(place, source, shortSource))
            store.Append(shortSource, labels);
    }

    /// <summary>Adds an example of tokens with a label each.</summary>
    /// <exception cref="DataFormatException">There is no token, or they are too many and that is refused.</exception>
    public void AddTagged(RowPlace place, int[] source, int[] labels)
    {
        var shortSource = _cutter.CutPlainly(source);
        if (Count(place, source, shortSource))
            store.Append(shortSource, _cutter.CutPlainly(labels));
    }

    private bool Count(RowPlace place, int[] source, int[] shortSource)
    {
        Demand(place, source, "the encoder");
        Statistics.Read++;
        Statistics.SourceLengths.Add(source.Length);
        if (!Keep(place, (source, shortSource, "source")))
            return false;
        Statistics.CutSources += shortSource.Length < source.Length ? 1 : 0;
        return true;
    }

    private bool Keep(RowPlace place, params ReadOnlySpan<(int[] Whole, int[] Short, string Name)> parts)
    {
        foreach (var (whole, cut, name) in parts)
        {
            if (options.LongExamples == LongExamples.Cut || cut.Length == whole.Length)
                continue;
            if (options.LongExamples == LongExamples.Refuse)
                throw DataFormatException.At(place, $"{name}: expected at most {cut.Length} tokens, got {whole.Length}");
            Statistics.Dropped++;
            return false;
        }

        return true;
    }

    private static void Demand(RowPlace place, int[] ids, string reader)
    {
        if (ids.Length == 0)
            throw DataFormatException.At(place, $"expected at least one token for {reader}, got none");
    }
}
