using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Data.Files.Labels;
using static TorchSharp.torch;
using HeadLosses = T5GemmaSharp.Modeling.Losses;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>Training of a head that makes one prediction a token. Tokens without a label do not count.</summary>
public sealed class TokenClassificationTask : ITrainingTask, IClassificationTask
{
    private readonly T5GemmaForTokenClassification _model;
    private readonly IExampleSource<TokenClassificationExample> _examples;

    /// <summary>Creates the task.</summary>
    /// <param name="model">The model.</param>
    /// <param name="examples">The tokens.</param>
    public TokenClassificationTask(T5GemmaForTokenClassification model, IExampleSource<TokenClassificationExample> examples)
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
        return ClassificationBatch.OfTokens([.. indices.Select(index => _examples[epoch, index])], _model.Config);
    }

    /// <inheritdoc/>
    public Tensor Backward(IMicroBatch batch, ulong seed) => ClassificationBackward.Run(this, batch, _model.Device, seed);

    /// <inheritdoc/>
    (Tensor Logits, Tensor Loss) IClassificationTask.Forward(ClassificationTensors tensors)
    {
        using var scope = NewDisposeScope();
        var output = _model.call(new T5GemmaInputs { InputIds = tensors.InputIds, AttentionMask = tensors.AttentionMask });
        var logits = output.Logits.to(ScalarType.Float32); // [B, T, C]
        var loss = HeadLosses.TokenCrossEntropy(logits, tensors.Labels, numItemsInBatch: 1);
        return (scope.MoveToOuter(logits), scope.MoveToOuter(loss));
    }
}
