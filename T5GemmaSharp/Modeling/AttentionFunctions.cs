using T5GemmaSharp.Configuration;
using T5GemmaSharp.Interop;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>The attention core: scores, soft-cap, mask, softmax, weighted sum.</summary>
/// <remarks>HF: <c>eager_attention_forward</c> and <c>sdpa_attention_forward</c>.</remarks>
internal static class AttentionFunctions
{
    /// <summary>Computes softmax(cap(q k^T / sqrt(scalar)) + mask) v, or transformers' sdpa, which leaves the cap out.</summary>
    /// <param name="query">[B, H, T, E].</param>
    /// <param name="key">[B, K, S, E]; query head h reads key head h / (H / K).</param>
    /// <param name="value">[B, K, S, E].</param>
    /// <param name="mask">As <see cref="AttentionMasks"/> makes it for the configuration; null: none.</param>
    /// <param name="config">Scale, cap, dropout rate and implementation.</param>
    /// <param name="training">Whether dropout acts.</param>
    /// <param name="outputAttentions">Whether the probabilities are wanted.</param>
    /// <returns>The heads' outputs side by side [B, T, H * E], and the probabilities [B, H, T, S] if wanted.</returns>
    internal static (Tensor Output, Tensor? Weights) Attend(
        Tensor query, Tensor key, Tensor value, Tensor? mask, T5GemmaModuleConfig config, bool training, bool outputAttentions)
    {
        using var scope = NewDisposeScope();
        if (config.AttnImplementation == AttentionImplementation.Sdpa)
        {
            if (outputAttentions)
                throw new InvalidOperationException("outputAttentions: the sdpa attention has no probabilities to return; load the model with Attention = AttentionImplementation.Eager");
            return (scope.MoveToOuter(MergeHeads(Sdpa(query, key, value, mask, config, training))), null);
        }
        var weights = Weights(query, key, mask, config);
        weights = nn.functional.dropout(weights, config.AttentionDropout, training);
        var output = MergeHeads(Grouped(weights, key.size(1)).matmul(value).view(query.shape));
        return (scope.MoveToOuter(output), outputAttentions ? scope.MoveToOuter(weights) : null);
    }

    private static Tensor Weights(Tensor query, Tensor key, Tensor? mask, T5GemmaModuleConfig config)
    {
        var (batch, heads, length) = (query.size(0), query.size(1), query.size(2));
        var scores = Grouped(query, key.size(1)).matmul(key.transpose(2, 3)); // [B, K, H / K * T, S]
        scores = scores.view(batch, heads, length, key.size(2));
        var scale = Math.Pow(config.QueryPreAttnScalar, -0.5);
        // In place where autograd does not need the value again: the scores are the largest tensors of a forward pass.
        if (config.AttnLogitSoftcapping is { } cap)
            scores = scores.mul_(scale / cap).tanh_() * cap;
        else
            scores = scores.mul_(scale);
        if (mask is not null)
            scores = scores + mask; // after the cap, or the cap would make hidden keys visible
        return scores.softmax(-1, ScalarType.Float32).to(query.dtype);
    }

    /// <summary>Puts the query heads of one key head below each other, [B, H, T, X] to [B, K, H / K * T, X], so that keys need not be repeated.</summary>
    private static Tensor Grouped(Tensor states, long keyHeads) =>
        states.reshape(states.size(0), keyHeads, states.size(1) / keyHeads * states.size(2), states.size(3));

    private static Tensor MergeHeads(Tensor heads) =>
        heads.transpose(1, 2).reshape(heads.size(0), heads.size(2), heads.size(1) * heads.size(3));

    private static Tensor Sdpa(Tensor query, Tensor key, Tensor value, Tensor? mask, T5GemmaModuleConfig config, bool training) =>
        TorchDispatcher.ScaledDotProductAttention(
            query, key, value, mask, training ? config.AttentionDropout : 0.0, isCausal: false, Math.Pow(config.QueryPreAttnScalar, -0.5), enableGqa: true);
}
