using static TorchSharp.torch;

namespace T5GemmaSharp.Interop;

/// <summary>
/// Operators of libtorch that TorchSharp does not offer, called by name through <see cref="StableAbi"/>; with a libtorch that lacks
/// that interface, the same maths in plain operators. Autograd, grad mode and dispose scopes work as for TorchSharp's own operators.
/// </summary>
internal static class TorchDispatcher
{
    /// <summary>Whether the operators are called by name; otherwise plain operators take their place.</summary>
    /// <exception cref="TorchNativeException">libtorch cannot be loaded.</exception>
    public static bool IsAvailable => StableAbi.Instance is not null;

    /// <summary>Root mean square norm over the last dimensions: <c>input / sqrt(mean(input^2) + eps) * weight</c>.</summary>
    /// <param name="input">[..., D]; half types are computed in float32 and rounded once.</param>
    /// <param name="normalizedShape">Sizes of the last dimensions, those that are normalized together: [D].</param>
    /// <param name="weight">[D] in the input's dtype; null for none.</param>
    /// <param name="eps">Added to the mean square.</param>
    /// <returns>Shape and dtype of <paramref name="input"/>.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit each other, or the dtypes differ.</exception>
    public static Tensor RmsNorm(Tensor input, ReadOnlySpan<long> normalizedShape, Tensor? weight, double eps)
    {
        CheckNorm(input, normalizedShape, weight);
        if (StableAbi.Instance is not { } abi)
            return PlainOperators.RmsNorm(input, normalizedShape.Length, weight, eps);
        using var arguments = new ArgumentStack(abi);
        arguments.Add(input);
        arguments.Add(normalizedShape);
        arguments.AddOptional(weight);
        arguments.AddOptional(eps);
        return arguments.CallForTensor("aten::rms_norm"u8);
    }

    /// <summary>Scaled dot product attention; there is no soft-cap.</summary>
    /// <param name="query">[B, H, T, E].</param>
    /// <param name="key">[B, K, S, E] with K = H, or K dividing H when <paramref name="enableGqa"/> is set.</param>
    /// <param name="value">[B, K, S, E].</param>
    /// <param name="attnMask">Broadcastable to [B, H, T, S]: bool (true may attend) or additive in the query's dtype; null for none.</param>
    /// <param name="dropoutP">Dropout probability of the attention weights.</param>
    /// <param name="isCausal">Position t attends to positions up to t; excludes <paramref name="attnMask"/>.</param>
    /// <param name="scale">Factor of the scores; null for 1 / sqrt(E).</param>
    /// <param name="enableGqa">Whether each key-value head serves H / K consecutive query heads.</param>
    /// <returns>[B, H, T, E] in the query's dtype; rows that may attend to nothing are zero.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit each other, or a mask is given with <paramref name="isCausal"/>.</exception>
    public static Tensor ScaledDotProductAttention(
        Tensor query, Tensor key, Tensor value, Tensor? attnMask = null, double dropoutP = 0, bool isCausal = false, double? scale = null, bool enableGqa = false)
    {
        CheckAttention(query, key, value, attnMask, isCausal, enableGqa);
        if (StableAbi.Instance is not { } abi)
            return PlainOperators.ScaledDotProductAttention(query, key, value, attnMask, dropoutP, isCausal, scale, enableGqa);
        using var arguments = new ArgumentStack(abi);
        arguments.Add(query);
        arguments.Add(key);
        arguments.Add(value);
        arguments.AddOptional(attnMask);
        arguments.Add(dropoutP);
        arguments.Add(isCausal);
        arguments.AddOptional(scale);
        arguments.Add(enableGqa);
        return arguments.CallForTensor("aten::scaled_dot_product_attention"u8);
    }

    /// <summary>The same memory read as another dtype of the same size.</summary>
    /// <param name="input">Any tensor.</param>
    /// <param name="dtype">A dtype whose elements are as large as those of <paramref name="input"/>.</param>
    /// <returns>A view with the shape of <paramref name="input"/>.</returns>
    /// <exception cref="NotSupportedException">libtorch is older than 2.10.</exception>
    public static Tensor ViewAs(Tensor input, ScalarType dtype)
    {
        if (StableAbi.Instance is not { } abi)
            throw new NotSupportedException("reading a tensor's memory as another dtype needs libtorch 2.10 or newer");
        using var arguments = new ArgumentStack(abi);
        arguments.Add(input);
        arguments.Add(dtype);
        return arguments.CallForTensor("aten::view"u8, "dtype"u8);
    }

    // libtorch would refuse the same arguments, but its message goes to standard error, past the exception.
    private static void CheckNorm(Tensor input, ReadOnlySpan<long> normalizedShape, Tensor? weight)
    {
        var offset = (int)input.ndim - normalizedShape.Length;
        var fits = normalizedShape.Length > 0 && offset >= 0;
        for (var index = 0; fits && index < normalizedShape.Length; index++)
            fits = input.size(offset + index) == normalizedShape[index];
        if (!fits)
            throw new ArgumentException($"input: expected the last dimensions [{string.Join(", ", normalizedShape.ToArray())}], got [{string.Join(", ", input.shape)}].", nameof(input));
        if (weight is null)
            return;
        fits = weight.ndim == normalizedShape.Length && weight.dtype == input.dtype;
        for (var index = 0; fits && index < normalizedShape.Length; index++)
            fits = weight.size(index) == normalizedShape[index];
        if (!fits)
            throw new ArgumentException($"weight: expected {input.dtype} [{string.Join(", ", normalizedShape.ToArray())}], got {weight.dtype} [{string.Join(", ", weight.shape)}].", nameof(weight));
    }

    private static void CheckAttention(Tensor query, Tensor key, Tensor value, Tensor? attnMask, bool isCausal, bool enableGqa)
    {
        if (attnMask is not null && isCausal)
            throw new ArgumentException("attnMask: a causal call takes no mask.", nameof(attnMask));
        var fits = query.ndim == 4 && key.ndim == 4 && value.ndim == 4;
        fits = fits && query.size(0) == key.size(0) && query.size(3) == key.size(3);
        fits = fits && key.size(0) == value.size(0) && key.size(1) == value.size(1) && key.size(2) == value.size(2);
        fits = fits && (enableGqa ? key.size(1) > 0 && query.size(1) % key.size(1) == 0 : query.size(1) == key.size(1));
        fits = fits && query.dtype == key.dtype && query.dtype == value.dtype;
        if (!fits)
        {
            throw new ArgumentException(
                $"query, key, value: expected one dtype and [B, H, T, E], [B, K, S, E], [B, K, S, E] with {(enableGqa ? "K dividing H" : "K = H")}, "
                + $"got {Describe(query)}, {Describe(key)}, {Describe(value)}.", nameof(key));
        }
    }

    private static string Describe(Tensor tensor) => $"{tensor.dtype} [{string.Join(", ", tensor.shape)}]";
}
