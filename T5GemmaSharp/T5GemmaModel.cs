using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp;

/// <summary>Encoder and decoder without a head.</summary>
/// <remarks>HF: <c>T5GemmaModel</c>.</remarks>
public sealed class T5GemmaModel : T5GemmaPreTrainedModel<T5GemmaInputs, Seq2SeqModelOutput>
{
    internal T5GemmaModel(T5GemmaConfig config, ModuleFactory factory)
        : base(nameof(T5GemmaModel), config)
    {
        if (!config.IsEncoderDecoder)
            throw new ArgumentException("is_encoder_decoder: T5GemmaModel needs true, got false; use T5GemmaEncoderModel for an encoder alone", nameof(config));
        Encoder = new T5GemmaEncoder(config.Encoder, factory);
        Decoder = new T5GemmaDecoder(config.Decoder, factory);
        RegisterComponents();
    }

    /// <summary>The encoder.</summary>
    [field: ComponentName(Name = "encoder")]
    public T5GemmaEncoder Encoder { get; }

    /// <summary>The decoder.</summary>
    [field: ComponentName(Name = "decoder")]
    public T5GemmaDecoder Decoder { get; }

    /// <summary>Builds a model with fresh weights.</summary>
    /// <param name="config">Configuration.</param>
    /// <param name="options">Device, dtype and attention; null: float32 on the CPU.</param>
    /// <exception cref="Configuration.T5GemmaConfigException">The configuration is impossible.</exception>
    public static T5GemmaModel FromConfig(T5GemmaConfig config, PretrainedOptions? options = null) =>
        PretrainedFolder.Create<T5GemmaModel, T5GemmaInputs, Seq2SeqModelOutput>(config, options, (resolved, factory) => new(resolved, factory));

    /// <summary>Loads a checkpoint folder of this or another T5Gemma class; the model is in evaluation mode.</summary>
    /// <param name="folder">Folder with <c>config.json</c> and safetensors files.</param>
    /// <param name="options">Device, dtype, strictness and more; null: the stored dtype on the CPU.</param>
    /// <exception cref="CheckpointMismatchException">Tensors are missing or have a wrong shape.</exception>
    /// <exception cref="SafetensorsFormatException">A file is damaged.</exception>
    public static T5GemmaModel FromPretrained(string folder, PretrainedOptions? options = null) =>
        PretrainedFolder.Load<T5GemmaModel, T5GemmaInputs, Seq2SeqModelOutput>(folder, options, (config, factory) => new(config, factory));

    /// <summary>Encodes, unless <see cref="T5GemmaInputs.EncoderOutputs"/> is given, and decodes.</summary>
    /// <param name="input">Arguments; labels are not read.</param>
    /// <exception cref="ArgumentException">Both or neither of ids and embeddings, or a shape or dtype is wrong.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id on the CPU lies outside the vocabulary.</exception>
    public override Seq2SeqModelOutput forward(T5GemmaInputs input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        var encoded = input.EncoderOutputs ?? Encoder.call(input.ForEncoder());
        var decoded = Decoder.call(input.ForDecoder(encoded.LastHiddenState));
        var output = new Seq2SeqModelOutput
        {
            LastHiddenState = decoded.LastHiddenState,
            PastKeyValues = decoded.PastKeyValues,
            DecoderHiddenStates = decoded.HiddenStates ?? [decoded.LastHiddenState],
            DecoderAttentions = decoded.Attentions,
            CrossAttentions = decoded.CrossAttentions,
            EncoderLastHiddenState = encoded.LastHiddenState,
            EncoderHiddenStates = encoded.HiddenStates,
            EncoderAttentions = encoded.Attentions,
        };
        scope.MoveToOuter(output.Tensors());
        if (input.PastKeyValues is null)
            output.PastKeyValues?.MoveToOuter(scope);
        return output;
    }
}
