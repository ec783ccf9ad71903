using T5GemmaSharp.Configuration;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>Words with labels.</summary>
/// <param name="store">The words; disposed with this.</param>
internal sealed class LabelledWords(TokenClassificationStore store) : IHeadData<T5GemmaForTokenClassification>
{
    public LabelTable? Labels => store.Labels;

    public ProblemType? Problem => null;

    public DataStatistics Statistics => store.Statistics;

    public string Fingerprint => store.Fingerprint;

    public IReadOnlyList<string> SuitableMetrics => HeadMetricNames.OfTokens(store.Labels);

    public IClassificationTask CreateTask(T5GemmaForTokenClassification model, double labelSmoothing, bool isSegmented)
        => new TokenClassificationTask(model, store, labelSmoothing, isSegmented);

    public IHeadMetrics CreateMetrics(IReadOnlyList<string> names) => new TokenMetrics(names, store.Labels);

    public void Dispose() => store.Dispose();
}
