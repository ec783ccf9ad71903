using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Evaluation.Metrics;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>A model that learns to write.</summary>
internal sealed class GenerationSetup : IFinetuningSetup<Seq2SeqLMOutput>
{
    private readonly FinetuningRequest _request;
    private readonly T5GemmaTokenizer _tokenizer;
    private readonly FinetuningData _data;
    private readonly FinetuningData? _evaluationData;

    /// <summary>Reads the files of a request.</summary>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    /// <exception cref="ArgumentException">A setting is out of range, or the tokenizer lacks a token that the objective needs.</exception>
    public GenerationSetup(FinetuningRequest request, T5GemmaTokenizer tokenizer, CancellationToken cancellation)
    {
        (_request, _tokenizer) = (request, tokenizer);
        _ = MetricSet.Create(request.Metrics); // a wrong name costs no time
        _data = FinetuningData.Read(request, request.Data, tokenizer, cancellation);
        try
        {
            _evaluationData = request.EvaluationData.Count == 0 ? null : FinetuningData.Read(request, request.EvaluationData, tokenizer, cancellation);
        }
        catch
        {
            _data.Dispose();
            throw;
        }
    }

    public string Fingerprint => _data.Fingerprint;

    public DataStatistics Statistics => _data.Statistics;

    public FinetuningTask<Seq2SeqLMOutput> Load(string folder, PretrainedOptions options, CancellationToken cancellation)
    {
        var model = T5GemmaForConditionalGeneration.FromPretrained(folder, options);
        var evaluation = _evaluationData is null ? null : new FinetuningEvaluation(model, _tokenizer, _evaluationData.Examples, _request, cancellation);
        return new(model, new Seq2SeqTask(model, _data.Examples, _request.Loss, _request.IsSegmented), evaluation is null ? null : evaluation.Measure);
    }

    public void Dispose()
    {
        _data.Dispose();
        _evaluationData?.Dispose();
    }
}
