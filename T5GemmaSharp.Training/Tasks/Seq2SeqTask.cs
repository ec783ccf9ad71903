using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>Training of an encoder-decoder on pairs of token sequences: supervised, PrefixLM, UL2.</summary>
public sealed class Seq2SeqTask : ITrainingTask
{
    private readonly T5GemmaForConditionalGeneration _model;
    private readonly IExampleSource<Seq2SeqExample> _examples;
    private readonly ChunkedHead _head;
    private readonly bool _isSegmented;

    /// <summary>Creates the task.</summary>
    /// <param name="model">The model.</param>
    /// <param name="examples">The pairs.</param>
    /// <param name="loss">Settings of the loss; null: plain cross-entropy.</param>
    /// <param name="isSegmented">Whether layers are computed again in the backward pass, which saves the memory of their activations and costs about a third more time.</param>
    /// <exception cref="ArgumentException">A setting is out of its range; the message lists all.</exception>
    public Seq2SeqTask(T5GemmaForConditionalGeneration model, IExampleSource<Seq2SeqExample> examples, TokenLossOptions? loss = null, bool isSegmented = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
        loss ??= new TokenLossOptions();
        if (string.Join("; ", loss.Faults()) is { Length: > 0 } faults)
            throw new ArgumentException(faults, nameof(loss));
        (_model, _examples, _head, _isSegmented) = (model, examples, new ChunkedHead(model, loss), isSegmented);
    }

    /// <inheritdoc/>
    public nn.Module Model => _model;

    /// <inheritdoc/>
    public int CountOf(int epoch) => _examples.CountOf(epoch);

    /// <inheritdoc/>
    public ExampleLength LengthOf(int epoch, int index) => _examples.LengthOf(epoch, index);

    /// <inheritdoc/>
    public IMicroBatch Prepare(int epoch, IReadOnlyList<int> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        return Seq2SeqBatch.Create([.. indices.Select(index => _examples[epoch, index])], _model.Config.PadTokenId ?? 0);
    }

    /// <inheritdoc/>
    public Tensor Backward(IMicroBatch batch, ulong seed)
    {
        using var scope = NewDisposeScope();
        var tensors = ((Seq2SeqBatch)batch).To(_model.Device);
        if (_isSegmented)
            return scope.MoveToOuter(SegmentedBackward.Run(_model, _head, tensors, seed));
        DropoutSeed.Set(seed, part: 0, _model.Device);
        return scope.MoveToOuter(_head.Sum(States(_model, tensors), tensors.Positions, tensors.Targets));
    }

    /// <summary>The decoder's last hidden state for given targets, [B, T, D].</summary>
    internal static Tensor States(T5GemmaForConditionalGeneration model, Seq2SeqTensors tensors) => model.Model.call(new T5GemmaInputs
    {
        InputIds = tensors.InputIds,
        AttentionMask = tensors.AttentionMask,
        DecoderInputIds = model.PrepareDecoderInputIdsFromLabels(tensors.Labels),
        UseCache = false,
    }).LastHiddenState;
}
