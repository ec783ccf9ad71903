using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp.Utils;

namespace T5GemmaSharp;

/// <summary>The encoder alone.</summary>
/// <remarks>HF: <c>T5GemmaEncoderModel</c>. Loading the folder of an encoder-decoder model needs <see cref="PretrainedOptions.IsEncoderDecoder"/> = false.</remarks>
public sealed class T5GemmaEncoderModel : T5GemmaPreTrainedModel<T5GemmaInputs, BaseModelOutput>
{
    internal T5GemmaEncoderModel(T5GemmaConfig config, ModuleFactory factory)
        : base(nameof(T5GemmaEncoderModel), config)
    {
        if (config.IsEncoderDecoder)
            throw new ArgumentException("is_encoder_decoder: T5GemmaEncoderModel needs false, got true; load with IsEncoderDecoder = false", nameof(config));
        Encoder = new T5GemmaEncoder(config.Encoder, factory);
        RegisterComponents();
    }

    /// <summary>The encoder.</summary>
    [field: ComponentName(Name = "encoder")]
    public T5GemmaEncoder Encoder { get; }

    /// <summary>Builds a model with fresh weights.</summary>
    /// <param name="config">Configuration with <see cref="T5GemmaConfig.IsEncoderDecoder"/> false.</param>
    /// <param name="options">Device, dtype and attention; null: float32 on the CPU.</param>
    /// <exception cref="Configuration.T5GemmaConfigException">The configuration is impossible.</exception>
    public static T5GemmaEncoderModel FromConfig(T5GemmaConfig config, PretrainedOptions? options = null) =>
        PretrainedFolder.Create<T5GemmaEncoderModel, T5GemmaInputs, BaseModelOutput>(config, options, (resolved, factory) => new(resolved, factory));

    /// <summary>Loads a checkpoint folder of this or another T5Gemma class; the model is in evaluation mode.</summary>
    /// <param name="folder">Folder with <c>config.json</c> and safetensors files.</param>
    /// <param name="options">Device, dtype, strictness and more; null: the stored dtype on the CPU.</param>
    /// <exception cref="CheckpointMismatchException">Tensors are missing or have a wrong shape.</exception>
    /// <exception cref="SafetensorsFormatException">A file is damaged.</exception>
    public static T5GemmaEncoderModel FromPretrained(string folder, PretrainedOptions? options = null) =>
        PretrainedFolder.Load<T5GemmaEncoderModel, T5GemmaInputs, BaseModelOutput>(folder, options, (config, factory) => new(config, factory));

    /// <summary>Encodes a batch.</summary>
    /// <param name="input">Arguments; those of the decoder are not read.</param>
    /// <exception cref="ArgumentException">Both or neither of ids and embeddings, or a shape or dtype is wrong.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id on the CPU lies outside the vocabulary.</exception>
    public override BaseModelOutput forward(T5GemmaInputs input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return Encoder.call(input.ForEncoder());
    }
}
