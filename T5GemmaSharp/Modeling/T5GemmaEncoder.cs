using T5GemmaSharp.Kernels.Cuda;
using T5GemmaSharp.Kernels.Cuda.Encode;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>The bidirectional stack.</summary>
/// <remarks>HF: <c>T5GemmaEncoder</c>.</remarks>
public sealed class T5GemmaEncoder : nn.Module<T5GemmaEncoderInputs, BaseModelOutput>
{
    private readonly T5GemmaModuleConfig _config;

    internal T5GemmaEncoder(T5GemmaModuleConfig config, ModuleFactory factory)
        : base(nameof(T5GemmaEncoder))
    {
        _config = config;
        EmbedTokens = factory.Embedding(config.VocabSize, config.HiddenSize, config.PadTokenId);
        Norm = new T5GemmaRMSNorm(config, factory);
        Layers = nn.ModuleList([.. Enumerable.Range(0, config.NumHiddenLayers).Select(layerIdx => new T5GemmaEncoderLayer(config, layerIdx, factory))]);
        Dropout = nn.Dropout(config.DropoutRate);
        RotaryEmb = new T5GemmaRotaryEmbedding(config);
        RegisterComponents();
    }

    /// <summary>Embedding table [V, D].</summary>
    [field: ComponentName(Name = "embed_tokens")]
    public Embedding EmbedTokens { get; }

    /// <summary>Norm after the last layer.</summary>
    [field: ComponentName(Name = "norm")]
    public T5GemmaRMSNorm Norm { get; }

    /// <summary>The layers, first to last.</summary>
    [field: ComponentName(Name = "layers")]
    public ModuleList<T5GemmaEncoderLayer> Layers { get; }

    /// <summary>Dropout of the embeddings and of the result.</summary>
    [field: ComponentName(Name = "dropout")]
    public Dropout Dropout { get; }

    /// <summary>Rotary positions of all layers.</summary>
    [field: ComponentName(Name = "rotary_emb")]
    public T5GemmaRotaryEmbedding RotaryEmb { get; }

    /// <summary>Encodes a batch.</summary>
    /// <param name="input">Ids or embeddings, mask, positions.</param>
    /// <exception cref="ArgumentException">Both or neither of ids and embeddings, or a shape or dtype is wrong.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id on the CPU lies outside the vocabulary.</exception>
    public override BaseModelOutput forward(T5GemmaEncoderInputs input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (ByKernels(input, out var reason) is { } output)
            return output;
        FusedOnly.Check(_config, "the encoder", reason);
        return ByModules(input);
    }

    /// <summary>Says why a call would be computed by the modules, with torch's operators, and not by the library's CUDA kernels.</summary>
    /// <param name="input">The call's arguments; the values of its tensors are not read.</param>
    /// <returns>One line; null where the kernels serve the call.</returns>
    public string? ExplainModules(T5GemmaEncoderInputs input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return CudaEncoder.Explain(this, _config, input);
    }

    /// <summary>Encodes a batch by kernels.</summary>
    /// <param name="input">Ids or embeddings, mask, positions.</param>
    /// <param name="reason">Why the modules have to do it; null beside a result.</param>
    /// <returns>Null when the modules have to do it.</returns>
    internal BaseModelOutput? ByKernels(T5GemmaEncoderInputs input, out string? reason) => CudaEncoder.TryRun(this, _config, input, out reason);

    /// <summary>Encodes a batch by the modules, whatever kernels there are.</summary>
    internal BaseModelOutput ByModules(T5GemmaEncoderInputs input)
    {
        using var scope = NewDisposeScope();
        var (hiddenStates, pass) = Begin(input);
        var recorder = new StateRecorder(input.OutputHiddenStates, input.OutputAttentions);
        foreach (var layer in Layers)
        {
            var output = layer.call(pass.InputsOf(layer, hiddenStates));
            recorder.Layer(hiddenStates, output.Attentions);
            hiddenStates = output.HiddenStates;
        }
        hiddenStates = End(hiddenStates);
        recorder.Last(hiddenStates);
        recorder.MoveToOuter(scope);
        return new()
        {
            LastHiddenState = scope.MoveToOuter(hiddenStates),
            HiddenStates = recorder.HiddenStates,
            Attentions = recorder.Attentions,
        };
    }

    /// <summary>What comes before the layers. The tensors belong to the caller's dispose scope.</summary>
    internal (Tensor HiddenStates, EncoderPass Pass) Begin(T5GemmaEncoderInputs input)
    {
        var hiddenStates = ScaledEmbedding.Call(EmbedTokens, input.InputIds, input.InputsEmbeds, _config, ("inputIds", "inputsEmbeds"));
        var (batch, length) = (hiddenStates.size(0), hiddenStates.size(1));
        InputChecks.Positions(input.PositionIds, batch, length, "positionIds");
        var masks = AttentionMasks.Encoder(input.AttentionMask, input.InputIds, hiddenStates, _config);
        var positionIds = input.PositionIds ?? torch.arange(length, dtype: ScalarType.Int64, device: hiddenStates.device).unsqueeze(0); // [1, S]
        var positionEmbeddings = RotaryEmb.call(hiddenStates, positionIds);
        return (Dropout.call(hiddenStates), new EncoderPass(positionEmbeddings, masks, input.OutputAttentions));
    }

    /// <summary>What comes after the layers.</summary>
    internal Tensor End(Tensor hiddenStates) => Dropout.call(Norm.call(hiddenStates));
}
