using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Training.Data;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>Training of a model with a classification head.</summary>
/// <typeparam name="TExample">What the head learns from.</typeparam>
/// <typeparam name="TOutput">What the model returns.</typeparam>
public abstract class ClassificationTask<TExample, TOutput> : ITrainingTask, IClassificationTask
{
    private readonly T5GemmaPreTrainedModel<T5GemmaInputs, TOutput> _model;
    private readonly IExampleSource<TExample> _examples;

    private protected ClassificationTask(T5GemmaPreTrainedModel<T5GemmaInputs, TOutput> model, IExampleSource<TExample> examples)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
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
        return Batch([.. indices.Select(index => _examples[epoch, index])]);
    }

    /// <inheritdoc/>
    public Tensor Backward(IMicroBatch batch, ulong seed)
    {
        using var scope = NewDisposeScope();
        DropoutSeed.Set(seed, part: 0, _model.Device);
        var (_, loss) = Forward(((ClassificationBatch)batch).To(_model.Device));
        loss.backward();
        return scope.MoveToOuter(loss.detach());
    }

    /// <inheritdoc/>
    (Tensor Logits, Tensor Loss) IClassificationTask.Forward(ClassificationTensors tensors) => Forward(tensors);

    private protected abstract ClassificationBatch Batch(IReadOnlyList<TExample> examples);

    /// <summary>Scores of the classes, [B, C] or [B, T, C].</summary>
    private protected abstract Tensor LogitsOf(TOutput output);

    /// <summary>Sum of the losses.</summary>
    /// <param name="logits">float32, [B, C] or [B, T, C].</param>
    /// <param name="labels">The batch's labels.</param>
    private protected abstract Tensor Loss(Tensor logits, Tensor labels);

    private (Tensor Logits, Tensor Loss) Forward(ClassificationTensors tensors)
    {
        using var scope = NewDisposeScope();
        var logits = LogitsOf(_model.call(new T5GemmaInputs { InputIds = tensors.InputIds, AttentionMask = tensors.AttentionMask })).to(ScalarType.Float32);
        return (scope.MoveToOuter(logits), scope.MoveToOuter(Loss(logits, tensors.Labels)));
    }
}
