using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Evaluation;
using T5GemmaSharp.Training.Objectives;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Training.Probing;

/// <summary>Measures under which convention a model of span corruption finds the same corrupted passages most likely.</summary>
internal static class SentinelProbe
{
    /// <summary>Scores passages.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="request">Text and settings.</param>
    /// <param name="cancellation">Stops between two conventions.</param>
    /// <returns>The conventions, the most likely first.</returns>
    /// <exception cref="DataFormatException">A file is not text.</exception>
    /// <exception cref="ArgumentException">A setting is out of range, the text is too short, or the tokenizer lacks Gemma's unused tokens.</exception>
    public static SentinelProbeReport Run(T5GemmaForConditionalGeneration model, T5GemmaTokenizer tokenizer, SentinelProbeRequest request, CancellationToken cancellation)
    {
        var passages = Passages(tokenizer, request, cancellation);
        var scores = new List<SentinelScore>();
        foreach (var convention in SentinelConvention.All(tokenizer))
        {
            cancellation.ThrowIfCancellationRequested();
            scores.Add(new(convention.Name, convention.HasModes, ValidationLoss.Compute(model, [.. passages.Select(convention.Rename)], request.BatchSize)));
        }

        return new SentinelProbeReport(passages.Length, passages.Sum(passage => (long)passage.Labels.Length), [.. scores.OrderBy(score => score.Loss)]);
    }

    /// <summary>Corrupted passages at even distances, marked by <see cref="SentinelTable.Gemma"/>.</summary>
    internal static Seq2SeqExample[] Passages(T5GemmaTokenizer tokenizer, SentinelProbeRequest request, CancellationToken cancellation)
    {
        var options = new DenoisingOptions
        {
            ModeTokens = ModeTokens.Unused,
            EncoderBudget = request.Length,
            DecoderBudget = request.Length,
            EncoderBos = request.EncoderBos,
        };
        var objective = new DenoisingObjective(DenoiserMixture.Parse(request.Mixture), tokenizer, options);
        using var documents = DocumentStore.Create(request.Data, tokenizer, cancellation: cancellation);
        var windows = new TextWindows(documents, objective, request.Seed, epoch: 0);
        var count = Math.Min(request.Passages, windows.Count);
        return [.. Enumerable.Range(0, count).Select(index => windows[(int)((long)index * windows.Count / count)].Example)];
    }
}
