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
    private readonly Distillation? _distillation;

    /// <summary>Creates the task.</summary>
    /// <param name="model">The model.</param>
    /// <param name="examples">The pairs.</param>
    /// <param name="loss">Settings of the loss; null: plain cross-entropy.</param>
    /// <param name="isSegmented">Whether layers are computed again in the backward pass, which saves the memory of their activations and costs about a third more time.</param>
    /// <param name="distillation">A teacher whose probabilities are learned too; null: none.</param>
    /// <exception cref="ArgumentException">A setting is out of its range, the message lists all; or the teacher has another vocabulary.</exception>
    public Seq2SeqTask(T5GemmaForConditionalGeneration model, IExampleSource<Seq2SeqExample> examples, TokenLossOptions? loss = null, bool isSegmented = false, Distillation? distillation = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
        loss ??= new TokenLossOptions();
        if (string.Join("; ", loss.Faults()) is { Length: > 0 } faults)
            throw new ArgumentException(faults, nameof(loss));
        if (distillation?.Teacher.Config is { } teacher && (teacher.Encoder.VocabSize, teacher.Decoder.VocabSize) != (model.Config.Encoder.VocabSize, model.Config.Decoder.VocabSize))
            throw new ArgumentException($"teacher: expected vocabularies of {model.Config.Encoder.VocabSize} and {model.Config.Decoder.VocabSize} tokens (encoder, decoder) as the model has, got {teacher.Encoder.VocabSize} and {teacher.Decoder.VocabSize}", nameof(distillation));
        (_model, _examples, _head, _isSegmented, _distillation) = (model, examples, new ChunkedHead(model, loss, distillation), isSegmented, distillation);
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
        tensors = tensors with { TeacherStates = _distillation?.States(tensors) };
        if (_isSegmented)
            return scope.MoveToOuter(SegmentedBackward.Run(_model, _head, tensors, seed));
        DropoutSeed.Set(seed, part: 0, _model.Device);
        return scope.MoveToOuter(_head.Sum(States(_model, tensors), tensors.Positions, tensors.Targets, tensors.TeacherStates));
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
