using T5GemmaSharp.Kernels.Cuda.Training;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Grouped-query attention from the decoder to the encoder's states: without positions, never sliding.</summary>
/// <remarks>HF: <c>T5GemmaCrossAttention</c>. Heads, scale and cap are the decoder's.</remarks>
public sealed class T5GemmaCrossAttention : nn.Module<T5GemmaCrossAttentionInputs, AttentionOutput>
{
    private readonly T5GemmaModuleConfig _config;
    private readonly int _layerIdx;

    internal T5GemmaCrossAttention(T5GemmaModuleConfig config, int layerIdx, ModuleFactory factory)
        : base(nameof(T5GemmaCrossAttention))
    {
        _config = config;
        _layerIdx = layerIdx;
        var encoderSize = config.CrossAttentionHiddenSize
            ?? throw new ArgumentException("cross_attention_hidden_size: expected the encoder's width, got null; use T5GemmaConfig.Resolve", nameof(config));
        QProj = factory.Linear(config.HiddenSize, config.NumAttentionHeads * config.HeadDim, config.AttentionBias);
        KProj = factory.Linear(encoderSize, config.NumKeyValueHeads * config.HeadDim, config.AttentionBias);
        VProj = factory.Linear(encoderSize, config.NumKeyValueHeads * config.HeadDim, config.AttentionBias);
        OProj = factory.Linear(config.NumAttentionHeads * config.HeadDim, config.HiddenSize, config.AttentionBias);
        RegisterComponents();
    }

    /// <summary>Weight [H * E, D].</summary>
    [field: ComponentName(Name = "q_proj")]
    public Linear QProj { get; }

    /// <summary>Weight [K * E, encoder D].</summary>
    [field: ComponentName(Name = "k_proj")]
    public Linear KProj { get; }

    /// <summary>Weight [K * E, encoder D].</summary>
    [field: ComponentName(Name = "v_proj")]
    public Linear VProj { get; }

    /// <summary>Weight [D, H * E].</summary>
    [field: ComponentName(Name = "o_proj")]
    public Linear OProj { get; }

    /// <summary>Attends from each decoder token to the encoder tokens that the mask allows.</summary>
    /// <param name="input">Hidden states of both stacks, mask, cache.</param>
    public override AttentionOutput forward(T5GemmaCrossAttentionInputs input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        if (training && input.Cache is null && !input.OutputAttentions && FusedAttention.Refusal(input.HiddenStates, _config) is null)
        {
            var (states, source) = (input.HiddenStates, input.EncoderHiddenStates);
            var attended = FusedAttention.Attend(QProj.call(states), KProj.call(source), VProj.call(source), positions: null, input.AttentionMask, _config);
            return new(scope.MoveToOuter(OProj.call(attended)), null);
        }
        var query = SplitHeads.Call(QProj, input.HiddenStates, _config.HeadDim);
        var (key, value) = KeysAndValues(input);
        var (output, weights) = AttentionFunctions.Attend(query, key, value, input.AttentionMask, _config, training, input.OutputAttentions);
        return new(scope.MoveToOuter(OProj.call(output)), weights is null ? null : scope.MoveToOuter(weights));
    }

    private (Tensor Keys, Tensor Values) KeysAndValues(T5GemmaCrossAttentionInputs input)
    {
        if (input.Cache is { } filled && filled.IsUpdated(_layerIdx))
        {
            var layer = filled.CrossAttentionCache.Layers[_layerIdx];
            return (layer.Keys!, layer.Values!); // an updated layer holds both
        }
        var key = SplitHeads.Call(KProj, input.EncoderHiddenStates, _config.HeadDim);
        var value = SplitHeads.Call(VProj, input.EncoderHiddenStates, _config.HeadDim);
        return input.Cache is { } cache ? cache.UpdateCross(_layerIdx, key, value) : (key, value);
    }
}
