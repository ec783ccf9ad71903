using T5GemmaSharp.Modeling.Inputs;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>What both classification models do before their head.</summary>
internal static class ClassifierBackbone
{
    /// <summary>Builds the model below the head.</summary>
    internal static nn.Module Create(T5GemmaConfig config, ModuleFactory factory) =>
        config.IsEncoderDecoder ? new T5GemmaModel(config, factory) : new T5GemmaEncoderModel(config, factory);

    /// <summary>Width of the states that the head reads.</summary>
    internal static long HiddenSize(T5GemmaConfig config) =>
        config.IsEncoderDecoder ? config.Decoder.HiddenSize : config.Encoder.HiddenSize;

    /// <summary>The stacks of the model below the head; no decoder in encoder-only mode.</summary>
    internal static (T5GemmaEncoder Encoder, T5GemmaDecoder? Decoder) Stacks(nn.Module model)
        => model is T5GemmaModel both ? (both.Encoder, both.Decoder) : (((T5GemmaEncoderModel)model).Encoder, null);

    /// <summary>Runs the model.</summary>
    /// <exception cref="NotSupportedException">Embeddings without ids in encoder-decoder mode, as in the reference.</exception>
    internal static (Tensor LastHiddenState, IReadOnlyList<Tensor>? HiddenStates, IReadOnlyList<Tensor>? Attentions) Call(
        nn.Module model, T5GemmaInputs input, T5GemmaConfig config)
    {
        if (model is T5GemmaEncoderModel encoder)
        {
            var encoded = encoder.call(input);
            return (encoded.LastHiddenState, encoded.HiddenStates, encoded.Attentions);
        }
        var output = ((T5GemmaModel)model).call(WithDecoderIds(input, config));
        return (output.LastHiddenState, input.OutputHiddenStates ? output.DecoderHiddenStates : null, output.DecoderAttentions);
    }

    /// <summary>Completes the arguments for encoder-decoder mode: missing decoder ids are the encoder's, shifted right, and no cache is made.</summary>
    /// <exception cref="NotSupportedException">Embeddings without ids, as in the reference.</exception>
    internal static T5GemmaInputs WithDecoderIds(T5GemmaInputs input, T5GemmaConfig config)
    {
        input = input with { UseCache = false };
        if (input.InputIds is null && input.InputsEmbeds is not null)
            throw new NotSupportedException("inputsEmbeds: an encoder-decoder classification model needs inputIds, from which it makes the decoder's ids");
        if (input is not { DecoderInputIds: null, DecoderInputsEmbeds: null })
            return input;
        var ids = input.InputIds ?? throw new ArgumentException("inputIds: needed to make the decoder's ids, got null; pass inputIds or decoderInputIds");
        return input with { DecoderInputIds = ShiftRight.Apply(ids, config.Decoder, "inputIds") };
    }
}
