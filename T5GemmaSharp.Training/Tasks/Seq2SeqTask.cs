using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Inspection;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Teachers;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>Training of an encoder-decoder on pairs of token sequences: supervised, PrefixLM, UL2.</summary>
public sealed class Seq2SeqTask : ILayerwiseTask
{
    private readonly T5GemmaForConditionalGeneration _model;
    private readonly IExampleSource<Seq2SeqExample> _examples;
    private readonly ChunkedHead _head;
    private readonly bool _isSegmented;
    private readonly Distillation? _distillation;
    private readonly StoredTeacher? _stored;
    private readonly int _chunkSize;
    private readonly KindLosses? _kindLosses;

    /// <summary>Creates the task.</summary>
    /// <param name="model">The model.</param>
    /// <param name="examples">The pairs.</param>
    /// <param name="loss">Settings of the loss; null: plain cross-entropy.</param>
    /// <param name="isSegmented">Whether layers are computed again in the backward pass, which saves the memory of their activations and costs about a third more time.</param>
    /// <param name="distillation">A teacher whose probabilities are learned too; null: none.</param>
    /// <param name="kindLosses">Where the losses are kept by kind of example; the caller frees it. Null: they are not kept.</param>
    /// <exception cref="ArgumentException">A setting is out of its range, the message lists all; or the teacher has another vocabulary.</exception>
    /// <exception cref="InvalidDataException">The teacher is a file of other examples.</exception>
    public Seq2SeqTask(
        T5GemmaForConditionalGeneration model,
        IExampleSource<Seq2SeqExample> examples,
        TokenLossOptions? loss = null,
        bool isSegmented = false,
        Distillation? distillation = null,
        KindLosses? kindLosses = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
        loss ??= new TokenLossOptions();
        if (string.Join("; ", loss.Faults()) is { Length: > 0 } faults)
            throw new ArgumentException(faults, nameof(loss));
        if (distillation?.Teacher.Fault(model.Config) is { } fault)
            throw new ArgumentException(fault, nameof(distillation));
        _stored = distillation?.Teacher as StoredTeacher;
        if (_stored is not null)
        {
            _stored.Check(examples);
            examples = new RepeatedEpochs(examples, _stored.Epochs);
        }

        (_model, _examples, _head, _isSegmented, _distillation) = (model, examples, new ChunkedHead(model, loss, distillation, kindLosses), isSegmented, distillation);
        (_chunkSize, _kindLosses) = (loss.ChunkSize, kindLosses);
    }

    /// <inheritdoc/>
    public nn.Module Model => _model;

    /// <inheritdoc/>
    public bool IsLayerwise => _isSegmented;

    /// <inheritdoc/>
    public int CountOf(int epoch) => _examples.CountOf(epoch);

    /// <inheritdoc/>
    public ExampleLength LengthOf(int epoch, int index) => _examples.LengthOf(epoch, index);

    /// <inheritdoc/>
    public IMicroBatch Prepare(int epoch, IReadOnlyList<int> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        var batch = Seq2SeqBatch.Create([.. indices.Select(index => _examples[epoch, index])], _model.Config.PadTokenId ?? 0);
        batch.TeacherRows = _stored?.Rows(epoch % _stored.Epochs, indices);
        return batch;
    }

    /// <inheritdoc/>
    public Tensor Backward(IMicroBatch batch, ulong seed)
    {
        using var scope = NewDisposeScope();
        var tensors = Tensors((Seq2SeqBatch)batch);
        if (_isSegmented)
            return scope.MoveToOuter(BackwardInSegments(tensors, seed, receiver: null));
        DropoutSeed.Set(seed, part: 0, _model.Device);
        return scope.MoveToOuter(Sum(States(_model, tensors), tensors));
    }

    /// <inheritdoc/>
    public Tensor Backward(IMicroBatch batch, ulong seed, IGradientReceiver receiver)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(BackwardInSegments(Tensors((Seq2SeqBatch)batch), seed, receiver));
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, double> TakeLossByKind() => _kindLosses?.Take() ?? StepReport.OneKind;

    /// <inheritdoc/>
    public long ActivationBytes(int rows, ExampleLength length)
        => ActivationMemory.Of(_model.Config, NumberStorage.Of(_model, _model.Config), rows, length, _isSegmented, _chunkSize).Total;

    /// <summary>The decoder's last hidden state for given targets, [B, T, D].</summary>
    internal static Tensor States(T5GemmaForConditionalGeneration model, Seq2SeqTensors tensors) => model.Model.call(Inputs(model, tensors)).LastHiddenState;

    private static T5GemmaInputs Inputs(T5GemmaForConditionalGeneration model, Seq2SeqTensors tensors) => new()
    {
        InputIds = tensors.InputIds,
        AttentionMask = tensors.AttentionMask,
        DecoderInputIds = model.PrepareDecoderInputIdsFromLabels(tensors.Labels),
        UseCache = false,
    };

    private Tensor BackwardInSegments(Seq2SeqTensors tensors, ulong seed, IGradientReceiver? receiver)
        => SegmentedBackward.Run(_model, (_model.Model.Encoder, _model.Model.Decoder), Inputs(_model, tensors), states => Sum(states, tensors), seed, receiver, keepsGraphs: !_isSegmented);

    private Tensor Sum(Tensor states, Seq2SeqTensors tensors) => _head.Sum(states, tensors.Positions, tensors.Targets, tensors.Teacher, tensors.Kinds);

    private Seq2SeqTensors Tensors(Seq2SeqBatch batch)
    {
        var tensors = batch.To(_model.Device);
        if (_distillation is not null)
            tensors = tensors with { Teacher = _distillation.Targets(batch, tensors) };
        if (_kindLosses is null)
            return tensors;
        long[] kinds = [.. batch.KindsOfTargets()];
        _kindLosses.Count(kinds);
        return tensors with { Kinds = tensor(kinds, device: _model.Device) };
    }
}
