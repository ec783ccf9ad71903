using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Objectives;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>Examples of files for an objective, and what their making depends on.</summary>
internal sealed class FinetuningData : IDisposable
{
    private readonly IDisposable _store;

    private FinetuningData(IDisposable store, IExampleSource<Seq2SeqExample> examples, string fingerprint, DataStatistics statistics)
        => (_store, Examples, Fingerprint, Statistics) = (store, examples, fingerprint, statistics);

    public IExampleSource<Seq2SeqExample> Examples { get; }

    public string Fingerprint { get; }

    public DataStatistics Statistics { get; }

    /// <summary>Names of the examples' kinds where there are several.</summary>
    public IReadOnlyList<string> Kinds => Examples is TextExamples { Kinds.Count: > 1 } texts ? texts.Kinds : [];

    /// <summary>Reads files.</summary>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    /// <exception cref="ArgumentException">A setting is out of range, or the tokenizer lacks a token that the objective needs.</exception>
    public static FinetuningData Read(ExampleRequest request, IReadOnlyList<string> files, T5GemmaTokenizer tokenizer, CancellationToken cancellation) => request.Objective switch
    {
        Objective.Seq2Seq => OfStore(Seq2SeqStore.OfPairs(files, tokenizer, request.Files, cancellation)),
        Objective.Chat => OfStore(Seq2SeqStore.OfChats(files, tokenizer, request.Files, cancellation)),
        _ => OfText(request, DocumentStore.Create(files, tokenizer, request.Files, cancellation), tokenizer),
    };

    public void Dispose() => _store.Dispose();

    private static FinetuningData OfStore(Seq2SeqStore store) => new(store, store, store.Fingerprint, store.Statistics);

    private static FinetuningData OfText(ExampleRequest request, DocumentStore documents, T5GemmaTokenizer tokenizer)
    {
        try
        {
            var mixture = DenoiserMixture.Parse(request.Mixture);
            var objective = new DenoisingObjective(mixture, tokenizer, request.Denoising);
            var settings = $"{documents.Fingerprint};{mixture};{request.Denoising.EncoderBudget};{request.Denoising.DecoderBudget};{request.Denoising.ModeTokens};{request.Denoising.Overflow};{request.Denoising.EncoderBos};{request.Denoising.EncoderEos}";
            return new FinetuningData(documents, new TextExamples(documents, objective, request.Seed), settings, documents.Statistics);
        }
        catch
        {
            documents.Dispose();
            throw;
        }
    }
}
