using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Causal self-attention, cross-attention and feed-forward block, each between a norm before and a norm after.</summary>
/// <remarks>HF: <c>T5GemmaDecoderLayer</c>.</remarks>
public sealed class T5GemmaDecoderLayer : nn.Module<T5GemmaDecoderLayerInputs, DecoderLayerOutput>
{
    internal T5GemmaDecoderLayer(T5GemmaModuleConfig config, int layerIdx, ModuleFactory factory)
        : base(nameof(T5GemmaDecoderLayer))
    {
        LayerIdx = layerIdx;
        AttentionType = config.LayerTypeOf(layerIdx);
        SelfAttn = new T5GemmaSelfAttention(config, factory);
        PreSelfAttnLayernorm = new T5GemmaRMSNorm(config, factory);
        PostSelfAttnLayernorm = new T5GemmaRMSNorm(config, factory);
        CrossAttn = new T5GemmaCrossAttention(config, layerIdx, factory);
        PreCrossAttnLayernorm = new T5GemmaRMSNorm(config, factory);
        PostCrossAttnLayernorm = new T5GemmaRMSNorm(config, factory);
        Mlp = new T5GemmaMLP(config, factory);
        PreFeedforwardLayernorm = new T5GemmaRMSNorm(config, factory);
        PostFeedforwardLayernorm = new T5GemmaRMSNorm(config, factory);
        Dropout = nn.Dropout(config.DropoutRate);
        RegisterComponents();
    }

    /// <summary>Whether this layer's self-attention slides.</summary>
    public LayerType AttentionType { get; }

    /// <summary>Place of this layer's keys and values in a cache.</summary>
    internal int LayerIdx { get; }

    /// <summary>Causal self-attention.</summary>
    [field: ComponentName(Name = "self_attn")]
    public T5GemmaSelfAttention SelfAttn { get; }

    /// <summary>Norm of self-attention's input.</summary>
    [field: ComponentName(Name = "pre_self_attn_layernorm")]
    public T5GemmaRMSNorm PreSelfAttnLayernorm { get; }

    /// <summary>Norm of self-attention's output.</summary>
    [field: ComponentName(Name = "post_self_attn_layernorm")]
    public T5GemmaRMSNorm PostSelfAttnLayernorm { get; }

    /// <summary>Attention to the encoder's states.</summary>
    [field: ComponentName(Name = "cross_attn")]
    public T5GemmaCrossAttention CrossAttn { get; }

    /// <summary>Norm of cross-attention's input.</summary>
    [field: ComponentName(Name = "pre_cross_attn_layernorm")]
    public T5GemmaRMSNorm PreCrossAttnLayernorm { get; }

    /// <summary>Norm of cross-attention's output.</summary>
    [field: ComponentName(Name = "post_cross_attn_layernorm")]
    public T5GemmaRMSNorm PostCrossAttnLayernorm { get; }

    /// <summary>Feed-forward block.</summary>
    [field: ComponentName(Name = "mlp")]
    public T5GemmaMLP Mlp { get; }

    /// <summary>Norm of the feed-forward block's input.</summary>
    [field: ComponentName(Name = "pre_feedforward_layernorm")]
    public T5GemmaRMSNorm PreFeedforwardLayernorm { get; }

    /// <summary>Norm of the feed-forward block's output.</summary>
    [field: ComponentName(Name = "post_feedforward_layernorm")]
    public T5GemmaRMSNorm PostFeedforwardLayernorm { get; }

    /// <summary>Dropout of the three blocks' outputs.</summary>
    [field: ComponentName(Name = "dropout")]
    public Dropout Dropout { get; }

    /// <summary>Maps hidden states [B, T, D] to [B, T, D].</summary>
    /// <param name="input">Hidden states of both stacks, positions, masks, cache.</param>
    public override DecoderLayerOutput forward(T5GemmaDecoderLayerInputs input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        var attended = SelfAttn.call(new()
        {
            HiddenStates = PreSelfAttnLayernorm.call(input.HiddenStates),
            PositionEmbeddings = input.PositionEmbeddings,
            AttentionMask = input.AttentionMask,
            Cache = input.PastKeyValues?.SelfAttentionCache.Layers[LayerIdx],
            OutputAttentions = input.OutputAttentions,
        });
        var hiddenStates = PostSelfAttnLayernorm.AddTo(input.HiddenStates, attended.HiddenStates, Dropout);
        var crossed = CrossAttn.call(new()
        {
            HiddenStates = PreCrossAttnLayernorm.call(hiddenStates),
            EncoderHiddenStates = input.EncoderHiddenStates,
            AttentionMask = input.EncoderAttentionMask,
            Cache = input.PastKeyValues,
            OutputAttentions = input.OutputAttentions,
        });
        hiddenStates = PostCrossAttnLayernorm.AddTo(hiddenStates, crossed.HiddenStates, Dropout);
        var transformed = Mlp.call(PreFeedforwardLayernorm.call(hiddenStates));
        hiddenStates = PostFeedforwardLayernorm.AddTo(hiddenStates, transformed, Dropout);
        return new(
            scope.MoveToOuter(hiddenStates),
            attended.Attentions is { } weights ? scope.MoveToOuter(weights) : null,
            crossed.Attentions is { } crossWeights ? scope.MoveToOuter(crossWeights) : null);
    }
}
