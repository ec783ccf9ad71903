using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Labels;

namespace T5GemmaSharp.Training.Validation;

/// <summary>Reads data files as each objective does and reports what they hold.</summary>
internal static class DataValidation
{
    /// <summary>The objectives by name.</summary>
    public static IReadOnlyDictionary<string, Func<ValidationRequest, ValidationReport>> Objectives { get; } = new Dictionary<string, Func<ValidationRequest, ValidationReport>>
    {
        ["seq2seq"] = request => Pairs(request, "pairs", Seq2SeqStore.OfPairs),
        ["chat"] = request => Pairs(request, "answers", Seq2SeqStore.OfChats),
        ["prefixlm"] = Documents,
        ["ul2"] = Documents,
        ["classify"] = LabelledTexts,
        ["token-classify"] = TaggedTokens,
    };

    private static ValidationReport Pairs(ValidationRequest request, string unit, Func<IReadOnlyList<string>, T5GemmaTokenizer, DataFileOptions?, CancellationToken, Seq2SeqStore> read)
    {
        using var store = read(request.Files, request.Tokenizer, request.Options, request.Cancellation);
        return new ValidationReport
        {
            Unit = unit,
            Count = store.Count,
            Statistics = store.Statistics,
            Fingerprint = store.Fingerprint,
            Samples = ValidationSample.Of(store.Count, index => Pair(store[epoch: 0, index], index)),
        };

        ValidationSample Pair(Seq2SeqExample example, int index) => new(index, Show(request, example.InputIds), Show(request, example.Labels));
    }

    private static ValidationReport Documents(ValidationRequest request)
    {
        using var store = DocumentStore.Create(request.Files, request.Tokenizer, request.Options, request.Cancellation);
        return new ValidationReport
        {
            Unit = "documents",
            Count = store.Count,
            Statistics = store.Statistics,
            Fingerprint = store.Fingerprint,
            Samples = ValidationSample.Of(store.Count, index => new ValidationSample(index, Show(request, store[index]), Target: null)),
        };
    }

    private static ValidationReport LabelledTexts(ValidationRequest request)
    {
        using var store = SequenceClassificationStore.Create(request.Files, request.Tokenizer, request.Options, cancellation: request.Cancellation);
        return new ValidationReport
        {
            Unit = "labelled texts",
            Count = store.Count,
            Statistics = store.Statistics,
            Fingerprint = store.Fingerprint,
            Labels = store.Labels is { } table ? Histogram(table, store.LabelCounts!) : null, // both are there or none
            Samples = ValidationSample.Of(store.Count, index => Labelled(store[epoch: 0, index], store.Labels, index)),
        };

        ValidationSample Labelled(SequenceClassificationExample example, LabelTable? table, int index)
            => new(index, Show(request, example.InputIds), table is null ? $"{example.Value}" : string.Join(", ", example.Classes.Select(id => table.Names[id])));
    }

    private static ValidationReport TaggedTokens(ValidationRequest request)
    {
        using var store = TokenClassificationStore.Create(request.Files, request.Tokenizer, request.Options, labels: null, request.Cancellation);
        return new ValidationReport
        {
            Unit = "labelled token sequences",
            Count = store.Count,
            Statistics = store.Statistics,
            Fingerprint = store.Fingerprint,
            Labels = Histogram(store.Labels, store.LabelCounts),
            Samples = ValidationSample.Of(store.Count, index => Tagged(store[epoch: 0, index], store.Labels, index)),
        };

        ValidationSample Tagged(TokenClassificationExample example, LabelTable table, int index) => new(index, Show(request, example.InputIds), string.Join(' ', example.InputIds
            .Zip(example.Labels)
            .Where(pair => pair.Second != Seq2SeqBatch.IgnoreIndex)
            .Select(pair => $"{request.Tokenizer.IdToToken(pair.First)}/{table.Names[pair.Second]}")));
    }

    private static string Show(ValidationRequest request, int[] ids) => request.Tokenizer.Decode(ids, skipSpecialTokens: false);

    private static IReadOnlyList<(string Label, long Count)> Histogram(LabelTable table, IReadOnlyList<long> counts) => [.. table.Names.Zip(counts)];
}
