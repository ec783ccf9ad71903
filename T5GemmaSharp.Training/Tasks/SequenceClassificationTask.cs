using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
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
public sealed class SequenceClassificationTask : ITrainingTask, IClassificationTask
{
    private readonly T5GemmaForSequenceClassification _model;
    private readonly IExampleSource<SequenceClassificationExample> _examples;

    /// <summary>Creates the task.</summary>
    /// <param name="model">The model; its configuration has a problem type, and one class where that is regression.</param>
    /// <param name="examples">The texts.</param>
    /// <exception cref="ArgumentException">The configuration has no problem type, or several classes for regression.</exception>
    public SequenceClassificationTask(T5GemmaForSequenceClassification model, IExampleSource<SequenceClassificationExample> examples)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
        var config = model.Config;
        if (config.ProblemType is null)
            throw new ArgumentException("model: expected a configuration with problem_type, got none; PretrainedOptions.ProblemType sets it", nameof(model));
        if (config.ProblemType == ProblemType.Regression && config.NumLabels != 1)
            throw new ArgumentException($"model: expected 1 class for regression, got {config.NumLabels}", nameof(model));
        (_model, _examples) = (model, examples);
    }

    /// <inheritdoc/>
    public nn.Module Model => _model;

    /// <inheritdoc/>
    public int CountOf(int epoch) => _examples.CountOf(epoch);

    /// <inheritdoc/>
    public ExampleLength LengthOf(int epoch, int index) => _examples.LengthOf(epoch, index).ForStacks(_model.Config.IsEncoderDecoder);

    /// <inheritdoc/>
    public IMicroBatch Prepare(int epoch, IReadOnlyList<int> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        return ClassificationBatch.OfTexts([.. indices.Select(index => _examples[epoch, index])], _model.Config);
    }

    /// <inheritdoc/>
    public Tensor Backward(IMicroBatch batch, ulong seed) => ClassificationBackward.Run(this, batch, _model.Device, seed);

    /// <inheritdoc/>
    (Tensor Logits, Tensor Loss) IClassificationTask.Forward(ClassificationTensors tensors)
    {
        using var scope = NewDisposeScope();
        var output = _model.call(new T5GemmaInputs { InputIds = tensors.InputIds, AttentionMask = tensors.AttentionMask });
        var logits = output.Logits.to(ScalarType.Float32); // [B, C]
        var loss = HeadLosses.SequenceLoss(logits, tensors.Labels, _model.Config.ProblemType) * logits.size(0);
        return (scope.MoveToOuter(logits), scope.MoveToOuter(loss));
    }
}
