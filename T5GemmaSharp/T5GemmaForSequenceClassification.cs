using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp;

/// <summary>One prediction a sequence, at its last token, on the decoder or, in encoder-only mode, on the encoder.</summary>
/// <remarks>HF: <c>T5GemmaForSequenceClassification</c>.</remarks>
public sealed class T5GemmaForSequenceClassification : T5GemmaPreTrainedModel<T5GemmaInputs, SequenceClassifierOutput>
{
    internal T5GemmaForSequenceClassification(T5GemmaConfig config, ModuleFactory factory)
        : base(nameof(T5GemmaForSequenceClassification), config)
    {
        Model = ClassifierBackbone.Create(config, factory);
        Score = new T5GemmaClassificationHead(ClassifierBackbone.HiddenSize(config), config.NumLabels, config.ClassifierDropoutRate, factory);
        RegisterComponents();
    }

    /// <summary>A <see cref="T5GemmaModel"/> or, in encoder-only mode, a <see cref="T5GemmaEncoderModel"/>.</summary>
    [field: ComponentName(Name = "model")]
    public nn.Module Model { get; }

    /// <summary>Projection to the classes.</summary>
    [field: ComponentName(Name = "score")]
    public T5GemmaClassificationHead Score { get; }

    /// <summary>Builds a model with fresh weights.</summary>
    /// <param name="config">Configuration; its labels give the number of classes.</param>
    /// <param name="options">Device, dtype, attention, number of classes and mode; null: float32 on the CPU.</param>
    /// <exception cref="Configuration.T5GemmaConfigException">The configuration is impossible.</exception>
    public static T5GemmaForSequenceClassification FromConfig(T5GemmaConfig config, PretrainedOptions? options = null) =>
        PretrainedFolder.Create<T5GemmaForSequenceClassification, T5GemmaInputs, SequenceClassifierOutput>(config, options, (resolved, factory) => new(resolved, factory));

    /// <summary>Loads a checkpoint folder of this or another T5Gemma class; a missing head is initialised and reported. The model is in evaluation mode.</summary>
    /// <param name="folder">Folder with <c>config.json</c> and safetensors files.</param>
    /// <param name="options">Device, dtype, strictness, number of classes, mode; null: as the folder says, on the CPU.</param>
    /// <exception cref="CheckpointMismatchException">Tensors are missing or have a wrong shape.</exception>
    /// <exception cref="SafetensorsFormatException">A file is damaged.</exception>
    public static T5GemmaForSequenceClassification FromPretrained(string folder, PretrainedOptions? options = null) =>
        PretrainedFolder.Load<T5GemmaForSequenceClassification, T5GemmaInputs, SequenceClassifierOutput>(folder, options, (config, factory) => new(config, factory));

    /// <summary>Computes class scores [B, C], and the loss if labels are given.</summary>
    /// <param name="input">Arguments; labels are class ids [B], values [B] or [B, C], by the problem type.</param>
    /// <exception cref="ArgumentException">Both or neither of ids and embeddings, or a shape or dtype is wrong.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id or label on the CPU is out of range.</exception>
    /// <exception cref="NotSupportedException">Embeddings without ids in encoder-decoder mode.</exception>
    public override SequenceClassifierOutput forward(T5GemmaInputs input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        var (lastHiddenState, hiddenStates, attentions) = ClassifierBackbone.Call(Model, input, Config);
        var logits = ToLogits(lastHiddenState, input); // [B, C]
        var loss = input.Labels is { } labels ? Losses.SequenceLoss(logits, labels, Config.ProblemType) : null;
        scope.MoveToOuter((hiddenStates ?? []).Concat(attentions ?? []));
        return new()
        {
            Loss = loss is null ? null : scope.MoveToOuter(loss),
            Logits = scope.MoveToOuter(logits),
            HiddenStates = hiddenStates,
            Attentions = attentions,
        };
    }

    /// <summary>The head and its place: class scores [B, C]; they belong to the caller's dispose scope.</summary>
    /// <param name="lastHiddenState">What the head reads [B, T, D].</param>
    /// <param name="input">The arguments that it comes from.</param>
    internal Tensor ToLogits(Tensor lastHiddenState, T5GemmaInputs input)
    {
        using var scope = NewDisposeScope();
        var scores = Score.call(lastHiddenState); // [B, T, C]
        var rows = torch.arange(scores.size(0), dtype: ScalarType.Int64, device: scores.device);
        return scope.MoveToOuter(scores[rows, PoolPositions(input, scores)]);
    }

    /// <summary>The position [B] whose scores count: the last token that is no padding, one further in the decoder, whose ids are shifted.</summary>
    private Tensor PoolPositions(T5GemmaInputs input, Tensor scores)
    {
        var (batch, length) = (scores.size(0), scores.size(1));
        if (Config.PadTokenId is not { } pad)
        {
            if (batch != 1)
                throw new ArgumentException($"inputIds: without pad_token_id the end of a sequence is unknown; expected a batch of 1, got {batch}");
            return torch.full([1], length - 1, dtype: ScalarType.Int64, device: scores.device);
        }
        if (Config.IsEncoderDecoder && input.InputIds is null)
            throw new ArgumentException("inputIds: needed beside encoderOutputs to find the last token of each sequence, got null");
        if (input.InputIds is not { } ids)
            return torch.full([batch], length - 1, dtype: ScalarType.Int64, device: scores.device);
        var positions = torch.arange(ids.size(1), dtype: ScalarType.Int64, device: ids.device);
        var last = (positions * ids.ne(pad)).argmax(-1); // the largest position of a real token; 0 if there is none
        return (Config.IsEncoderDecoder ? (last + 1).clamp_max(length - 1) : last.alias()).to(scores.device);
    }
}
