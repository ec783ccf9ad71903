using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Inspection;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>Training of a model with a classification head.</summary>
/// <typeparam name="TExample">What the head learns from.</typeparam>
/// <typeparam name="TOutput">What the model returns.</typeparam>
public abstract class ClassificationTask<TExample, TOutput> : ILayerwiseTask, IClassificationTask
{
    private readonly T5GemmaPreTrainedModel<T5GemmaInputs, TOutput> _model;
    private readonly IExampleSource<TExample> _examples;

    private protected ClassificationTask(T5GemmaPreTrainedModel<T5GemmaInputs, TOutput> model, IExampleSource<TExample> examples, double labelSmoothing, bool isSegmented)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
        if (labelSmoothing is not (>= 0 and < 1))
            throw new ArgumentException($"labelSmoothing: expected 0 to below 1, got {labelSmoothing}", nameof(labelSmoothing));
        (_model, _examples, LabelSmoothing, IsLayerwise) = (model, examples, labelSmoothing, isSegmented);
    }

    /// <inheritdoc/>
    public nn.Module Model => _model;

    /// <summary>Share of the target probability that is spread over all classes.</summary>
    private protected double LabelSmoothing { get; }

    /// <summary>The model below the head.</summary>
    private protected abstract nn.Module Backbone { get; }

    /// <inheritdoc/>
    public bool IsLayerwise { get; }

    /// <inheritdoc/>
    public int CountOf(int epoch) => _examples.CountOf(epoch);

    /// <inheritdoc/>
    public ExampleLength LengthOf(int epoch, int index) => _examples.LengthOf(epoch, index).ForStacks(_model.Config.IsEncoderDecoder);

    /// <inheritdoc/>
    public IMicroBatch Prepare(int epoch, IReadOnlyList<int> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        return Batch([.. indices.Select(index => _examples[epoch, index])]);
    }

    /// <inheritdoc/>
    public Tensor Backward(IMicroBatch batch, ulong seed)
    {
        using var scope = NewDisposeScope();
        var tensors = ((ClassificationBatch)batch).To(_model.Device);
        if (IsLayerwise)
            return scope.MoveToOuter(BackwardInSegments(tensors, seed, receiver: null));
        DropoutSeed.Set(seed, part: 0, _model.Device);
        return scope.MoveToOuter(AddGradients(Forward(tensors).Loss));
    }

    /// <inheritdoc/>
    public Tensor Backward(IMicroBatch batch, ulong seed, IGradientReceiver receiver)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(BackwardInSegments(((ClassificationBatch)batch).To(_model.Device), seed, receiver));
    }

    /// <inheritdoc/>
    public long ActivationBytes(int rows, ExampleLength length) => ActivationMemory.Of(_model.Config, NumberStorage.Of(_model, _model.Config), rows, length, IsLayerwise).Total;

    /// <inheritdoc/>
    (Tensor Logits, Tensor Loss) IClassificationTask.Forward(ClassificationTensors tensors) => Forward(tensors);

    private protected abstract ClassificationBatch Batch(IReadOnlyList<TExample> examples);

    /// <summary>Scores of the classes, [B, C] or [B, T, C].</summary>
    private protected abstract Tensor LogitsOf(TOutput output);

    /// <summary>Scores of the classes, [B, C] or [B, T, C], by the head alone.</summary>
    /// <param name="lastHiddenState">What the head reads [B, T, D].</param>
    /// <param name="inputs">The arguments that it comes from.</param>
    private protected abstract Tensor ToLogits(Tensor lastHiddenState, T5GemmaInputs inputs);

    /// <summary>Sum of the losses.</summary>
    /// <param name="logits">float32, [B, C] or [B, T, C].</param>
    /// <param name="labels">The batch's labels.</param>
    private protected abstract Tensor Loss(Tensor logits, Tensor labels);

    private static T5GemmaInputs Inputs(ClassificationTensors tensors) => new() { InputIds = tensors.InputIds, AttentionMask = tensors.AttentionMask };

    private static Tensor AddGradients(Tensor loss)
    {
        loss.backward();
        return loss.detach();
    }

    private (Tensor Logits, Tensor Loss) Forward(ClassificationTensors tensors)
    {
        using var scope = NewDisposeScope();
        var logits = LogitsOf(_model.call(Inputs(tensors))).to(ScalarType.Float32);
        return (scope.MoveToOuter(logits), scope.MoveToOuter(Loss(logits, tensors.Labels)));
    }

    private Tensor BackwardInSegments(ClassificationTensors tensors, ulong seed, IGradientReceiver? receiver)
    {
        var inputs = _model.Config.IsEncoderDecoder ? ClassifierBackbone.WithDecoderIds(Inputs(tensors), _model.Config) : Inputs(tensors);
        return SegmentedBackward.Run(_model, ClassifierBackbone.Stacks(Backbone), inputs, Head, seed, receiver, keepsGraphs: !IsLayerwise);

        Tensor Head(Tensor states) => AddGradients(Loss(ToLogits(states, inputs).to(ScalarType.Float32), tensors.Labels));
    }
}
