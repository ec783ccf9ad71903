using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>A model that learns the labels of words.</summary>
internal sealed class TokenClassificationSetup : IFinetuningSetup<TokenClassifierOutput>
{
    private readonly FinetuningRequest _request;
    private readonly HeadFolder _folder;
    private readonly TokenClassificationStore _data;
    private readonly TokenClassificationStore? _evaluationData;
    private readonly IReadOnlyList<string> _metrics;

    /// <summary>Reads the files of a request.</summary>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    /// <exception cref="ArgumentException">A metric is none of such labels.</exception>
    public TokenClassificationSetup(FinetuningRequest request, T5GemmaTokenizer tokenizer, CancellationToken cancellation)
    {
        (_request, _folder) = (request, new HeadFolder(request, nameof(T5GemmaForTokenClassification)));
        _data = TokenClassificationStore.Create(request.Data, tokenizer, request.Files, _folder.Labels, cancellation);
        try
        {
            _metrics = HeadMetricNames.Choose(request.Metrics, HeadMetricNames.OfTokens(_data.Labels));
            _evaluationData = request.EvaluationData.Count == 0 ? null : TokenClassificationStore.Create(request.EvaluationData, tokenizer, request.Files, _data.Labels, cancellation);
        }
        catch
        {
            _data.Dispose();
            throw;
        }
    }

    public string Fingerprint => $"{_data.Fingerprint};{_folder.Fingerprint}";

    public DataStatistics Statistics => _data.Statistics;

    public FinetuningTask<TokenClassifierOutput> Load(string folder, PretrainedOptions options, CancellationToken cancellation)
    {
        var model = T5GemmaForTokenClassification.FromPretrained(folder, _folder.Complete(options, _data.Labels, problem: null));
        var evaluation = _evaluationData is null ? null
            : new HeadEvaluation(new TokenClassificationTask(model, _evaluationData), () => new TokenMetrics(_metrics, _data.Labels), _request.EvaluationBatchSize, cancellation);
        return new(
            model,
            new TokenClassificationTask(model, _data),
            evaluation is null ? null : evaluation.Measure,
            target => HeadFolder.WriteConfig(model.Config, nameof(T5GemmaForTokenClassification), target));
    }

    public void Dispose()
    {
        _data.Dispose();
        _evaluationData?.Dispose();
    }
}
