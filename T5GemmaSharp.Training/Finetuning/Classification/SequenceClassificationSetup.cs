using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>A model that learns the labels of texts.</summary>
internal sealed class SequenceClassificationSetup : IFinetuningSetup<SequenceClassifierOutput>
{
    private readonly FinetuningRequest _request;
    private readonly HeadFolder _folder;
    private readonly SequenceClassificationStore _data;
    private readonly SequenceClassificationStore? _evaluationData;
    private readonly IReadOnlyList<string> _metrics;

    /// <summary>Reads the files of a request.</summary>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    /// <exception cref="ArgumentException">A metric is none of such labels.</exception>
    public SequenceClassificationSetup(FinetuningRequest request, T5GemmaTokenizer tokenizer, CancellationToken cancellation)
    {
        (_request, _folder) = (request, new HeadFolder(request, nameof(T5GemmaForSequenceClassification)));
        _data = SequenceClassificationStore.Create(request.Data, tokenizer, request.Files, _folder.Labels, _folder.Problem, cancellation);
        try
        {
            _metrics = HeadMetricNames.Choose(request.Metrics, HeadMetricNames.Of(_data.Problem));
            _evaluationData = request.EvaluationData.Count == 0 ? null
                : SequenceClassificationStore.Create(request.EvaluationData, tokenizer, request.Files, _data.Labels, _data.Problem, cancellation);
        }
        catch
        {
            _data.Dispose();
            throw;
        }
    }

    public string Fingerprint => $"{_data.Fingerprint};{_folder.Fingerprint}";

    public DataStatistics Statistics => _data.Statistics;

    public FinetuningTask<SequenceClassifierOutput> Load(string folder, PretrainedOptions options, CancellationToken cancellation)
    {
        var model = T5GemmaForSequenceClassification.FromPretrained(folder, _folder.Complete(options, _data.Labels, _data.Problem));
        var evaluation = _evaluationData is null ? null
            : new HeadEvaluation(new SequenceClassificationTask(model, _evaluationData), () => new SequenceMetrics(_metrics, _data.Problem, _data.Labels), _request.EvaluationBatchSize, cancellation);
        return new(
            model,
            new SequenceClassificationTask(model, _data),
            evaluation is null ? null : evaluation.Measure,
            target => HeadFolder.WriteConfig(model.Config, nameof(T5GemmaForSequenceClassification), target));
    }

    public void Dispose()
    {
        _data.Dispose();
        _evaluationData?.Dispose();
    }
}
