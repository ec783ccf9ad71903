using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Data.Files.Labels;
using static TorchSharp.torch;
using HeadLosses = T5GemmaSharp.Modeling.Losses;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>Training of a head that makes one prediction a text: a class, several classes, or a number, as the configuration's problem type says.</summary>
/// <remarks>
/// The loss of a text is what <see cref="T5GemmaForSequenceClassification"/> computes, so a mean over the classes where several hold; scores count in float32. A head on the
/// decoder reads one place further back in the longest text of a micro-batch than in the others, as in the reference; a head on the encoder is free of that.
/// </remarks>
public sealed class SequenceClassificationTask : ClassificationTask<SequenceClassificationExample, SequenceClassifierOutput>
{
    private readonly T5GemmaConfig _config;

    /// <summary>Creates the task.</summary>
    /// <param name="model">The model; its configuration has a problem type, and one class where that is regression.</param>
    /// <param name="examples">The texts.</param>
    /// <exception cref="ArgumentException">The configuration has no problem type, or several classes for regression.</exception>
    public SequenceClassificationTask(T5GemmaForSequenceClassification model, IExampleSource<SequenceClassificationExample> examples)
        : base(model, examples)
    {
        _config = model.Config;
        if (_config.ProblemType is null)
            throw new ArgumentException("model: expected a configuration with problem_type, got none; PretrainedOptions.ProblemType sets it", nameof(model));
        if (_config.ProblemType == ProblemType.Regression && _config.NumLabels != 1)
            throw new ArgumentException($"model: expected 1 class for regression, got {_config.NumLabels}", nameof(model));
    }

    private protected override ClassificationBatch Batch(IReadOnlyList<SequenceClassificationExample> examples) => ClassificationBatch.OfTexts(examples, _config);

    private protected override Tensor LogitsOf(SequenceClassifierOutput output) => output.Logits;

    private protected override Tensor Loss(Tensor logits, Tensor labels) => HeadLosses.SequenceLoss(logits, labels, _config.ProblemType) * logits.size(0);
}
