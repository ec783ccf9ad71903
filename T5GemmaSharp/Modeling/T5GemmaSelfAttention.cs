using T5GemmaSharp.Kernels.Cuda.Training;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Grouped-query self-attention with rotary positions and an optional cap of the scores.</summary>
/// <remarks>HF: <c>T5GemmaSelfAttention</c>.</remarks>
public sealed class T5GemmaSelfAttention : nn.Module<T5GemmaSelfAttentionInputs, AttentionOutput>
{
    private readonly T5GemmaModuleConfig _config;

    internal T5GemmaSelfAttention(T5GemmaModuleConfig config, ModuleFactory factory)
        : base(nameof(T5GemmaSelfAttention))
    {
        _config = config;
        QProj = factory.Linear(config.HiddenSize, config.NumAttentionHeads * config.HeadDim, config.AttentionBias);
        KProj = factory.Linear(config.HiddenSize, config.NumKeyValueHeads * config.HeadDim, config.AttentionBias);
        VProj = factory.Linear(config.HiddenSize, config.NumKeyValueHeads * config.HeadDim, config.AttentionBias);
        OProj = factory.Linear(config.NumAttentionHeads * config.HeadDim, config.HiddenSize, config.AttentionBias);
        RegisterComponents();
    }

    /// <summary>Weight [H * E, D].</summary>
    [field: ComponentName(Name = "q_proj")]
    public Linear QProj { get; }

    /// <summary>Weight [K * E, D].</summary>
    [field: ComponentName(Name = "k_proj")]
    public Linear KProj { get; }

    /// <summary>Weight [K * E, D].</summary>
    [field: ComponentName(Name = "v_proj")]
    public Linear VProj { get; }

    /// <summary>Weight [D, H * E].</summary>
    [field: ComponentName(Name = "o_proj")]
    public Linear OProj { get; }

    /// <summary>Attends from each token to the tokens that the mask allows.</summary>
    /// <param name="input">Hidden states, positions, mask, cache.</param>
    public override AttentionOutput forward(T5GemmaSelfAttentionInputs input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        var hiddenStates = input.HiddenStates;
        if (training && input.Cache is null && !input.OutputAttentions && FusedAttention.Refusal(hiddenStates, _config) is null)
        {
            var attended = FusedAttention.Attend(
                QProj.call(hiddenStates), KProj.call(hiddenStates), VProj.call(hiddenStates), input.PositionEmbeddings, input.AttentionMask, _config);
            return new(scope.MoveToOuter(OProj.call(attended)), null);
        }
        var (cos, sin) = (input.PositionEmbeddings.Cos.unsqueeze(1), input.PositionEmbeddings.Sin.unsqueeze(1)); // [1 or B, 1, T, E]
        var query = RotaryPositionEmbedding.Apply(SplitHeads.Call(QProj, hiddenStates, _config.HeadDim), cos, sin);
        var key = RotaryPositionEmbedding.Apply(SplitHeads.Call(KProj, hiddenStates, _config.HeadDim), cos, sin);
        var value = SplitHeads.Call(VProj, hiddenStates, _config.HeadDim);
        if (input.Cache is { } cache)
            (key, value) = cache.Update(key, value);
        var (output, weights) = AttentionFunctions.Attend(query, key, value, input.AttentionMask, _config, training, input.OutputAttentions);
        return new(scope.MoveToOuter(OProj.call(output)), weights is null ? null : scope.MoveToOuter(weights));
    }
}
