using T5GemmaSharp.Configuration;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>Texts with labels.</summary>
/// <param name="store">The texts; disposed with this.</param>
internal sealed class LabelledTexts(SequenceClassificationStore store) : IHeadData<T5GemmaForSequenceClassification>
{
    public LabelTable? Labels => store.Labels;

    public ProblemType? Problem => store.Problem;

    public DataStatistics Statistics => store.Statistics;

    public string Fingerprint => store.Fingerprint;

    public IReadOnlyList<string> SuitableMetrics => HeadMetricNames.Of(store.Problem);

    public IClassificationTask CreateTask(T5GemmaForSequenceClassification model, double labelSmoothing, bool isSegmented)
        => new SequenceClassificationTask(model, store, labelSmoothing, isSegmented);

    public IHeadMetrics CreateMetrics(IReadOnlyList<string> names) => new SequenceMetrics(names, store.Problem, store.Labels);

    public void Dispose() => store.Dispose();
}
