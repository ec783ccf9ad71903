using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Labels;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>The head that predicts labels of texts.</summary>
internal sealed class SequenceHead : HeadKind<T5GemmaForSequenceClassification, SequenceClassifierOutput>
{
    public override ProblemType? ProblemOf(T5GemmaConfig config) => config.ProblemType ?? (config.NumLabels == 1 ? ProblemType.Regression : null);

    public override IHeadData<T5GemmaForSequenceClassification> Read(
        IReadOnlyList<string> files, T5GemmaTokenizer tokenizer, DataFileOptions options, LabelTable? labels, ProblemType? problem, CancellationToken cancellation)
        => new LabelledTexts(SequenceClassificationStore.Create(files, tokenizer, options, labels, problem, cancellation));

    public override T5GemmaForSequenceClassification Load(string folder, PretrainedOptions options) => T5GemmaForSequenceClassification.FromPretrained(folder, options);
}
