using System.Globalization;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>A model that learns labels. A folder that has such a head already keeps its classes.</summary>
/// <typeparam name="TModel">The class of the model.</typeparam>
/// <typeparam name="TOutput">What the model returns.</typeparam>
internal sealed class HeadSetup<TModel, TOutput> : IFinetuningSetup<TOutput>
    where TModel : T5GemmaPreTrainedModel<T5GemmaInputs, TOutput>
{
    private readonly HeadKind<TModel, TOutput> _kind;
    private readonly FinetuningRequest _request;
    private readonly T5GemmaConfig? _headed;
    private readonly IHeadData<TModel> _data;
    private readonly IHeadData<TModel>? _evaluationData;
    private readonly IReadOnlyList<string> _metrics;

    /// <summary>Reads the files of a request.</summary>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    /// <exception cref="ArgumentException">A metric, or smoothing, does not suit the labels.</exception>
    public HeadSetup(HeadKind<TModel, TOutput> kind, FinetuningRequest request, T5GemmaTokenizer tokenizer, CancellationToken cancellation)
    {
        var config = T5GemmaConfig.FromPretrained(request.Model);
        (_kind, _request, _headed) = (kind, request, config.Architectures?.Contains(typeof(TModel).Name) == true ? config : null);
        var problem = request.Classification.Problem ?? (_headed is null ? null : kind.ProblemOf(_headed));
        var labels = _headed is null || problem == ProblemType.Regression ? null : LabelTable.Of(_headed);
        _data = kind.Read(request.Data, tokenizer, request.Files, labels, problem, cancellation);
        try
        {
            _metrics = HeadMetricNames.Choose(request.Metrics, _data.SuitableMetrics);
            SequenceClassificationTask.CheckSmoothing(_data.Problem, request.Loss.LabelSmoothing);
            _evaluationData = request.EvaluationData.Count == 0 ? null : kind.Read(request.EvaluationData, tokenizer, request.Files, _data.Labels, _data.Problem, cancellation);
        }
        catch
        {
            _data.Dispose();
            throw;
        }
    }

    public string Fingerprint => string.Create(CultureInfo.InvariantCulture, $"{_data.Fingerprint};{_request.Classification.IsEncoderDecoder};{_request.Classification.Dropout}");

    public DataStatistics Statistics => _data.Statistics;

    public FinetuningTask<TOutput> Load(string folder, PretrainedOptions options, CancellationToken cancellation)
    {
        SeedFreshHead(options.Device);
        var model = _kind.Load(folder, options with
        {
            Id2Label = _data.Labels?.Names,
            NumLabels = _data.Labels?.Count ?? 1,
            ProblemType = _data.Problem,
            ClassifierDropoutRate = _request.Classification.Dropout,
            IsEncoderDecoder = _request.Classification.IsEncoderDecoder ? true : _headed?.IsEncoderDecoder ?? false,
        });
        var evaluation = _evaluationData is null ? null
            : new HeadEvaluation(_evaluationData.CreateTask(model), () => _evaluationData.CreateMetrics(_metrics), _request.EvaluationBatchSize, cancellation);
        return new(model, _data.CreateTask(model, _request.Loss.LabelSmoothing, _request.IsSegmented), evaluation is null ? null : evaluation.Measure, WriteConfig);

        // It holds the names of the classes.
        void WriteConfig(string target) => TextFile.Write(Path.Combine(target, T5GemmaConfig.FileName), (model.Config with { Architectures = [typeof(TModel).Name] }).ToJson());
    }

    public void Dispose()
    {
        _data.Dispose();
        _evaluationData?.Dispose();
    }

    private void SeedFreshHead(Device? device)
    {
        manual_seed((long)_request.Training.Seed);
        if (device?.type == DeviceType.CUDA)
            cuda.manual_seed((long)_request.Training.Seed); // a device draws from a generator of its own
    }
}
