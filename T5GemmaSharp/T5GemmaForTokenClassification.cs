using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp;

/// <summary>One prediction a token, on the decoder or, in encoder-only mode, on the encoder.</summary>
/// <remarks>
/// HF: <c>T5GemmaForTokenClassification</c>. In encoder-decoder mode the decoder reads the ids shifted right, so the logits at a position have seen the tokens
/// before it in the decoder and all tokens through the encoder.
/// </remarks>
public sealed class T5GemmaForTokenClassification : T5GemmaPreTrainedModel<T5GemmaInputs, TokenClassifierOutput>
{
    internal T5GemmaForTokenClassification(T5GemmaConfig config, ModuleFactory factory)
        : base(nameof(T5GemmaForTokenClassification), config)
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
    public static T5GemmaForTokenClassification FromConfig(T5GemmaConfig config, PretrainedOptions? options = null) =>
        PretrainedFolder.Create<T5GemmaForTokenClassification, T5GemmaInputs, TokenClassifierOutput>(config, options, (resolved, factory) => new(resolved, factory));

    /// <summary>Loads a checkpoint folder of this or another T5Gemma class; a missing head is initialised and reported. The model is in evaluation mode.</summary>
    /// <param name="folder">Folder with <c>config.json</c> and safetensors files.</param>
    /// <param name="options">Device, dtype, strictness, number of classes, mode; null: as the folder says, on the CPU.</param>
    /// <exception cref="CheckpointMismatchException">Tensors are missing or have a wrong shape.</exception>
    /// <exception cref="SafetensorsFormatException">A file is damaged.</exception>
    public static T5GemmaForTokenClassification FromPretrained(string folder, PretrainedOptions? options = null) =>
        PretrainedFolder.Load<T5GemmaForTokenClassification, T5GemmaInputs, TokenClassifierOutput>(folder, options, (config, factory) => new(config, factory));

    /// <summary>Computes class scores [B, T, C], and the loss if labels are given.</summary>
    /// <param name="input">Arguments; labels are class ids [B, T] with -100 where there is none.</param>
    /// <exception cref="ArgumentException">Both or neither of ids and embeddings, or a shape or dtype is wrong.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id or label on the CPU is out of range.</exception>
    /// <exception cref="NotSupportedException">Embeddings without ids in encoder-decoder mode.</exception>
    public override TokenClassifierOutput forward(T5GemmaInputs input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        var (lastHiddenState, hiddenStates, attentions) = ClassifierBackbone.Call(Model, input, Config);
        var logits = Score.call(lastHiddenState); // [B, T, C]
        var loss = input.Labels is { } labels ? Losses.TokenCrossEntropy(logits, labels, numItemsInBatch: null) : null;
        scope.MoveToOuter((hiddenStates ?? []).Concat(attentions ?? []));
        return new()
        {
            Loss = loss is null ? null : scope.MoveToOuter(loss),
            Logits = scope.MoveToOuter(logits),
            HiddenStates = hiddenStates,
            Attentions = attentions,
        };
    }
}
