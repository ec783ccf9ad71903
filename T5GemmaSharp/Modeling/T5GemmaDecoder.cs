using T5GemmaSharp.Caching;
using T5GemmaSharp.Kernels.Cuda;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>The causal stack with cross-attention.</summary>
/// <remarks>HF: <c>T5GemmaDecoder</c>.</remarks>
public sealed class T5GemmaDecoder : nn.Module<T5GemmaDecoderInputs, BaseModelOutputWithPastAndCrossAttentions>
{
    private readonly T5GemmaModuleConfig _config;

    internal T5GemmaDecoder(T5GemmaModuleConfig config, ModuleFactory factory)
        : base(nameof(T5GemmaDecoder))
    {
        _config = config;
        EmbedTokens = factory.Embedding(config.VocabSize, config.HiddenSize, config.PadTokenId);
        Norm = new T5GemmaRMSNorm(config, factory);
        Layers = nn.ModuleList([.. Enumerable.Range(0, config.NumHiddenLayers).Select(layerIdx => new T5GemmaDecoderLayer(config, layerIdx, factory))]);
        Dropout = nn.Dropout(config.DropoutRate);
        RotaryEmb = new T5GemmaRotaryEmbedding(config);
        RegisterComponents();
    }

    /// <summary>Embedding table [V, D]; with tied weights also the language model head.</summary>
    [field: ComponentName(Name = "embed_tokens")]
    public Embedding EmbedTokens { get; }

    /// <summary>Norm after the last layer.</summary>
    [field: ComponentName(Name = "norm")]
    public T5GemmaRMSNorm Norm { get; }

    /// <summary>The layers, first to last.</summary>
    [field: ComponentName(Name = "layers")]
    public ModuleList<T5GemmaDecoderLayer> Layers { get; }

    /// <summary>Dropout of the embeddings and of the result.</summary>
    [field: ComponentName(Name = "dropout")]
    public Dropout Dropout { get; }

    /// <summary>Rotary positions of all layers.</summary>
    [field: ComponentName(Name = "rotary_emb")]
    public T5GemmaRotaryEmbedding RotaryEmb { get; }

    /// <summary>Decodes a batch, or the next tokens of one that a cache holds.</summary>
    /// <param name="input">Ids or embeddings, the encoder's states, masks, positions, cache.</param>
    /// <exception cref="ArgumentException">Both or neither of ids and embeddings, or a shape or dtype is wrong.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id on the CPU lies outside the vocabulary.</exception>
    public override BaseModelOutputWithPastAndCrossAttentions forward(T5GemmaDecoderInputs input)
    {
        ArgumentNullException.ThrowIfNull(input);
        FusedOnly.Check(_config, "the decoder", "they decode within Generate, not in a call of the module");
        if (input.PastKeyValues is not null || training || !(input.UseCache ?? _config.UseCache))
            return Decode(input);
        var cache = new EncoderDecoderCache(_config);
        try
        {
            var output = Decode(input with { PastKeyValues = cache });
            using var scope = NewDisposeScope();
            cache.MoveToOuter(scope);
            return output;
        }
        catch
        {
            cache.Dispose(); // nobody else knows of it
            throw;
        }
    }

    private BaseModelOutputWithPastAndCrossAttentions Decode(T5GemmaDecoderInputs input)
    {
        using var scope = NewDisposeScope();
        var (hiddenStates, pass) = Begin(input);
        var recorder = new StateRecorder(input.OutputHiddenStates, input.OutputAttentions);
        foreach (var layer in Layers)
        {
            var output = layer.call(pass.InputsOf(layer, hiddenStates));
            recorder.Layer(hiddenStates, output.Attentions, output.CrossAttentions);
            hiddenStates = output.HiddenStates;
        }
        hiddenStates = End(hiddenStates);
        recorder.Last(hiddenStates);
        recorder.MoveToOuter(scope);
        return new()
        {
            LastHiddenState = scope.MoveToOuter(hiddenStates),
            PastKeyValues = pass.Cache,
            HiddenStates = recorder.HiddenStates,
            Attentions = recorder.Attentions,
            CrossAttentions = recorder.CrossAttentions,
        };
    }

    /// <summary>What comes before the layers. The tensors belong to the caller's dispose scope.</summary>
    internal (Tensor HiddenStates, DecoderPass Pass) Begin(T5GemmaDecoderInputs input)
    {
        var hiddenStates = ScaledEmbedding.Call(EmbedTokens, input.InputIds, input.InputsEmbeds, _config, ("decoderInputIds", "decoderInputsEmbeds"));
        CheckEncoderStates(input.EncoderHiddenStates, hiddenStates);
        var cache = input.PastKeyValues;

        var (batch, length, past) = (hiddenStates.size(0), hiddenStates.size(1), cache?.SequenceLength ?? 0);
        InputChecks.Positions(input.PositionIds, batch, length, "decoderPositionIds");
        InputChecks.Cache(cache, _config, batch, input.EncoderHiddenStates.size(1));
        var masks = AttentionMasks.Decoder(input.AttentionMask, input.InputIds, hiddenStates, cache?.SelfAttentionCache, _config);
        var crossMask = AttentionMasks.Cross(input.EncoderAttentionMask, input.EncoderHiddenStates, length, _config);
        var positionIds = input.PositionIds ?? torch.arange(past, past + length, dtype: ScalarType.Int64, device: hiddenStates.device).unsqueeze(0); // [1, T]
        var positionEmbeddings = RotaryEmb.call(hiddenStates, positionIds);
        return (Dropout.call(hiddenStates), new DecoderPass(positionEmbeddings, masks, crossMask, input.EncoderHiddenStates, cache, input.OutputAttentions));
    }

    /// <summary>What comes after the layers.</summary>
    internal Tensor End(Tensor hiddenStates) => Dropout.call(Norm.call(hiddenStates));

    private void CheckEncoderStates(Tensor? encoderStates, Tensor hiddenStates)
    {
        if (encoderStates is null)
            throw new ArgumentException("encoderHiddenStates: the decoder needs the encoder's last hidden state, got null");
        var expected = _config.CrossAttentionHiddenSize;
        if (encoderStates.dim() != 3 || encoderStates.size(2) != expected || encoderStates.size(0) != hiddenStates.size(0) || encoderStates.dtype != hiddenStates.dtype)
            throw new ArgumentException($"encoderHiddenStates: expected {hiddenStates.dtype} [{hiddenStates.size(0)}, length, {expected}], got {encoderStates.dtype} [{string.Join(", ", encoderStates.shape)}]");
    }
}
