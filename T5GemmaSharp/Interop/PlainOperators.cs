using static TorchSharp.torch;

namespace T5GemmaSharp.Interop;

/// <summary>What <see cref="TorchDispatcher"/> offers, in operators of TorchSharp. Arguments are checked by the caller.</summary>
internal static class PlainOperators
{
    /// <inheritdoc cref="TorchDispatcher.RmsNorm"/>
    public static Tensor RmsNorm(Tensor input, int normalizedDimensions, Tensor? weight, double eps)
    {
        using var scope = NewDisposeScope();
        var dimensions = Enumerable.Range(1, normalizedDimensions).Select(index => (long)-index).ToArray();
        var exact = Widen(input);
        var normalized = exact * rsqrt(exact.square().mean(dimensions, keepdim: true) + eps);
        // Rounded once, after the weight, as libtorch does.
        var result = weight is null ? normalized : normalized * weight;
        return scope.MoveToOuter(result.to_type(input.dtype));
    }

    /// <inheritdoc cref="TorchDispatcher.ScaledDotProductAttention"/>
    public static Tensor ScaledDotProductAttention(
        Tensor query, Tensor key, Tensor value, Tensor? attnMask, double dropoutP, bool isCausal, double? scale, bool enableGqa)
    {
        using var scope = NewDisposeScope();
        var groups = enableGqa ? query.size(1) / key.size(1) : 1;
        var keys = Repeat(Widen(key), groups);       // [B, H, S, E]
        var values = Repeat(Widen(value), groups);   // [B, H, S, E]
        var scores = matmul(Widen(query), keys.transpose(-2, -1)) * (scale ?? 1 / Math.Sqrt(query.size(3)));   // [B, H, T, S]
        var mask = isCausal ? ones([query.size(2), key.size(2)], dtype: ScalarType.Bool, device: query.device).tril() : attnMask;
        if (mask is not null)
            scores = mask.dtype == ScalarType.Bool ? scores.masked_fill(mask.logical_not(), double.NegativeInfinity) : scores + mask;

        // A row that may attend to nothing would be NaN, and so would its gradient: make it finite before, and zero after, the softmax.
        var empty = mask is null ? null : scores.eq(double.NegativeInfinity).all(dim: -1, keepdim: true);   // [B, H, T, 1]
        var attnWeights = nn.functional.softmax(empty is null ? scores : scores.masked_fill(empty, 0), dim: -1);
        if (empty is not null)
            attnWeights = attnWeights.masked_fill(empty, 0);
        attnWeights = nn.functional.dropout(attnWeights, dropoutP, training: dropoutP > 0);
        return scope.MoveToOuter(matmul(attnWeights, values).to_type(query.dtype));
    }

    // Half types are computed in float32.
    private static Tensor Widen(Tensor tensor)
        => tensor.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? tensor.to_type(ScalarType.Float32) : tensor;

    private static Tensor Repeat(Tensor tensor, long groups) => groups == 1 ? tensor : tensor.repeat_interleave(groups, dim: 1);
}
