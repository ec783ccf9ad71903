using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Self-attention and feed-forward block, each between a norm before and a norm after.</summary>
/// <remarks>HF: <c>T5GemmaEncoderLayer</c>.</remarks>
public sealed class T5GemmaEncoderLayer : nn.Module<T5GemmaSelfAttentionInputs, AttentionOutput>
{
    internal T5GemmaEncoderLayer(T5GemmaModuleConfig config, int layerIdx, ModuleFactory factory)
        : base(nameof(T5GemmaEncoderLayer))
    {
        AttentionType = config.LayerTypeOf(layerIdx);
        SelfAttn = new T5GemmaSelfAttention(config, factory);
        PreSelfAttnLayernorm = new T5GemmaRMSNorm(config, factory);
        PostSelfAttnLayernorm = new T5GemmaRMSNorm(config, factory);
        Mlp = new T5GemmaMLP(config, factory);
        PreFeedforwardLayernorm = new T5GemmaRMSNorm(config, factory);
        PostFeedforwardLayernorm = new T5GemmaRMSNorm(config, factory);
        Dropout = nn.Dropout(config.DropoutRate);
        RegisterComponents();
    }

    /// <summary>Whether this layer slides.</summary>
    public LayerType AttentionType { get; }

    /// <summary>Self-attention.</summary>
    [field: ComponentName(Name = "self_attn")]
    public T5GemmaSelfAttention SelfAttn { get; }

    /// <summary>Norm of the attention's input.</summary>
    [field: ComponentName(Name = "pre_self_attn_layernorm")]
    public T5GemmaRMSNorm PreSelfAttnLayernorm { get; }

    /// <summary>Norm of the attention's output.</summary>
    [field: ComponentName(Name = "post_self_attn_layernorm")]
    public T5GemmaRMSNorm PostSelfAttnLayernorm { get; }

    /// <summary>Feed-forward block.</summary>
    [field: ComponentName(Name = "mlp")]
    public T5GemmaMLP Mlp { get; }

    /// <summary>Norm of the feed-forward block's input.</summary>
    [field: ComponentName(Name = "pre_feedforward_layernorm")]
    public T5GemmaRMSNorm PreFeedforwardLayernorm { get; }

    /// <summary>Norm of the feed-forward block's output.</summary>
    [field: ComponentName(Name = "post_feedforward_layernorm")]
    public T5GemmaRMSNorm PostFeedforwardLayernorm { get; }

    /// <summary>Dropout of both blocks' outputs.</summary>
    [field: ComponentName(Name = "dropout")]
    public Dropout Dropout { get; }

    /// <summary>Maps hidden states [B, S, D] to [B, S, D].</summary>
    /// <param name="input">Hidden states, positions, mask.</param>
    public override AttentionOutput forward(T5GemmaSelfAttentionInputs input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        var attended = SelfAttn.call(input with { HiddenStates = PreSelfAttnLayernorm.call(input.HiddenStates) });
        var hiddenStates = PostSelfAttnLayernorm.AddTo(input.HiddenStates, attended.HiddenStates, Dropout);
        var transformed = Mlp.call(PreFeedforwardLayernorm.call(hiddenStates));
        hiddenStates = PostFeedforwardLayernorm.AddTo(hiddenStates, transformed, Dropout);
        return new(scope.MoveToOuter(hiddenStates), attended.Attentions is { } weights ? scope.MoveToOuter(weights) : null);
    }
}
