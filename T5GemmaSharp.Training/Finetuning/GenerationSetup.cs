using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Evaluation.Metrics;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>A model that learns to write.</summary>
internal sealed class GenerationSetup : IFinetuningSetup<Seq2SeqLMOutput>
{
    private readonly FinetuningRequest _request;
    private readonly T5GemmaTokenizer _tokenizer;
    private readonly FinetuningData _data;
    private readonly FinetuningData? _evaluationData;
    private readonly ITeacherSource? _teacher;
    private KindLosses? _kindLosses;

    /// <summary>Reads the files of a request.</summary>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    /// <exception cref="ArgumentException">A setting is out of range, the tokenizer lacks a token that the objective needs, or the teacher has another tokenizer.</exception>
    /// <exception cref="InvalidDataException">The file of a teacher is something else, or of another tokenizer.</exception>
    public GenerationSetup(FinetuningRequest request, T5GemmaTokenizer tokenizer, CancellationToken cancellation)
    {
        (_request, _tokenizer) = (request, tokenizer);
        _ = MetricSet.Create(request.Metrics); // a wrong name costs no time
        _teacher = request.Distillation switch
        {
            null => null,
            { IsFile: true } file => new TeacherFile(file, tokenizer),
            var folder => new TeacherFolder(folder, tokenizer),
        };
        try
        {
            _data = FinetuningData.Read(request.Examples, request.Data, tokenizer, cancellation);
            _evaluationData = request.EvaluationData.Count == 0 ? null : FinetuningData.Read(request.Examples, request.EvaluationData, tokenizer, cancellation);
        }
        catch
        {
            _data?.Dispose();
            _teacher?.Dispose();
            throw;
        }
    }

    public string Fingerprint => _teacher is null ? _data.Fingerprint : $"{_data.Fingerprint};{_teacher.Fingerprint}";

    private MeasuringOptions Measuring => new(_request.Metrics, new GenerationConfig { MaxNewTokens = _request.MaxNewTokens }, _request.EvaluationBatchSize);

    public DataStatistics Statistics => _data.Statistics;

    public FinetuningTask<Seq2SeqLMOutput> Load(string folder, PretrainedOptions options, CancellationToken cancellation)
    {
        var model = T5GemmaForConditionalGeneration.FromPretrained(folder, options);
        if (model.Quantization is { } quantization)
        {
            model.Dispose();
            throw new NotSupportedException($"{folder}: expected weights that can be trained, got {quantization}; train the weights that are not quantized, and quantize the result");
        }

        var evaluation = _evaluationData is null ? null : new FinetuningEvaluation(model, _tokenizer, _evaluationData.Examples, Measuring, cancellation);
        var distillation = _teacher?.Load(options);
        _kindLosses = _data.Kinds.Count == 0 ? null : new KindLosses(_data.Kinds, model.Device, _request.Run.Parallel?.Ranks);
        return new(model, new Seq2SeqTask(model, _data.Examples, _request.Loss, _request.IsSegmented, distillation, _kindLosses), evaluation is null ? null : evaluation.Measure);
    }

    public void Dispose()
    {
        _data.Dispose();
        _evaluationData?.Dispose();
        _teacher?.Dispose();
        _kindLosses?.Dispose();
    }
}
