using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
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
    private readonly T5GemmaForSequenceClassification _model;

    /// <summary>Creates the task.</summary>
    /// <param name="model">The model; its configuration has a problem type, and one class where that is regression.</param>
    /// <param name="examples">The texts.</param>
    /// <param name="labelSmoothing">Share e of the target probability that is spread over all classes, 0 to below 1: (1 - e) CE + e mean(-log p). Above 0 for one class a text only.</param>
    /// <param name="isSegmented">Whether layers are computed again in the backward pass, which saves the memory of their activations and costs about a third more time.</param>
    /// <exception cref="ArgumentException">The configuration has no problem type, or several classes for regression; or the smoothing is out of range, or the labels are of another kind.</exception>
    public SequenceClassificationTask(
        T5GemmaForSequenceClassification model, IExampleSource<SequenceClassificationExample> examples, double labelSmoothing = 0, bool isSegmented = false)
        : base(model, examples, labelSmoothing, isSegmented)
    {
        _model = model;
        if (model.Config.ProblemType is not { } problem)
            throw new ArgumentException("model: expected a configuration with problem_type, got none; PretrainedOptions.ProblemType sets it", nameof(model));
        if (problem == ProblemType.Regression && model.Config.NumLabels != 1)
            throw new ArgumentException($"model: expected 1 class for regression, got {model.Config.NumLabels}", nameof(model));
        CheckSmoothing(problem, labelSmoothing);
    }

    private protected override nn.Module Backbone => _model.Model;

    /// <summary>Refuses smoothing of labels that have no one right class.</summary>
    /// <param name="problem">What is to be learned of a text; null: classes of tokens.</param>
    /// <param name="labelSmoothing">The smoothing.</param>
    internal static void CheckSmoothing(ProblemType? problem, double labelSmoothing)
    {
        if (labelSmoothing != 0 && problem is ProblemType.Regression or ProblemType.MultiLabelClassification)
            throw new ArgumentException($"labelSmoothing: expected 0 for {problem}, where no one class is right, got {labelSmoothing}", nameof(labelSmoothing));
    }

    private protected override ClassificationBatch Batch(IReadOnlyList<SequenceClassificationExample> examples) => ClassificationBatch.OfTexts(examples, _model.Config);

    private protected override Tensor LogitsOf(SequenceClassifierOutput output) => output.Logits;

    private protected override Tensor ToLogits(Tensor lastHiddenState, T5GemmaInputs inputs) => _model.ToLogits(lastHiddenState, inputs);

    private protected override Tensor Loss(Tensor logits, Tensor labels) => HeadLosses.SequenceLoss(logits, labels, _model.Config.ProblemType, LabelSmoothing) * logits.size(0);
}
