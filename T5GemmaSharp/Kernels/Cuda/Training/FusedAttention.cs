using T5GemmaSharp.Configuration;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Training;

/// <summary>
/// Attention of a training pass: cuBLAS products around kernels that work in place. The backward pass computes scores and probabilities again, so that of an attention only
/// queries, keys and values are kept.
/// </summary>
/// <remarks>It takes what the projections give, [B, T, heads * E], and rotates it by itself. A derivative of the derivative is not recorded.</remarks>
internal sealed class FusedAttention : autograd.SingleTensorFunction<FusedAttention>
{
    private const string ShapeKey = "shape";
    private const int HeadSizeMultiple = 16;

    /// <inheritdoc/>
    public override string Name => nameof(FusedAttention);

    /// <summary>Why torch operators have to attend in a training pass; null: kernels can.</summary>
    /// <param name="states">What is attended from.</param>
    /// <param name="config">The stack.</param>
    public static string? Refusal(Tensor states, T5GemmaModuleConfig config)
    {
        if (config.AttnImplementation != AttentionImplementation.Auto)
            return $"attention {config.AttnImplementation} was asked for";
        if (states.dtype != ScalarType.BFloat16)
            return $"the states are {states.dtype}, not BFloat16";
        if (config.AttentionDropout != 0)
            return "attention_dropout is not 0";
        if (config.HeadDim % HeadSizeMultiple != 0)
            return $"head_dim {config.HeadDim} is no multiple of {HeadSizeMultiple}";
        return TrainingKernels.Refusal(states.device);
    }

    /// <summary>Attends.</summary>
    /// <param name="query">What the projection gives [B, T, H * E].</param>
    /// <param name="key">[B, S, K * E].</param>
    /// <param name="value">[B, S, K * E].</param>
    /// <param name="positions">Cosines and sines of queries and keys [1 or B, T, E]; null: no rotation.</param>
    /// <param name="mask">Added to the scores after the cap [1 or B, 1 or H, 1 or T, S]; null: none.</param>
    /// <param name="config">The stack.</param>
    /// <returns>[B, T, H * E].</returns>
    public static Tensor Attend(Tensor query, Tensor key, Tensor value, (Tensor Cos, Tensor Sin)? positions, Tensor? mask, T5GemmaModuleConfig config)
    {
        BackwardFault.Rethrow();
        using var scope = NewDisposeScope();
        var shape = new AttentionShape(
            config.NumAttentionHeads, config.NumKeyValueHeads, config.HeadDim, query.size(1), key.size(1), Math.Pow(config.QueryPreAttnScalar, -0.5), config.AttnLogitSoftcapping);
        if (positions is { } angles)
            positions = (TensorMemory.Dense(angles.Cos, ScalarType.BFloat16), TensorMemory.Dense(angles.Sin, ScalarType.BFloat16));
        mask = mask is null || (mask.dtype == ScalarType.BFloat16 && mask.stride(3) == 1) ? mask : mask.to(ScalarType.BFloat16).contiguous();
        return scope.MoveToOuter(apply(TensorMemory.Dense(query, ScalarType.BFloat16), TensorMemory.Dense(key, ScalarType.BFloat16), TensorMemory.Dense(value, ScalarType.BFloat16), positions?.Cos!, positions?.Sin!, mask!, shape));
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(vars);
        using var scope = NewDisposeScope();
        var (query, key, value) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2]);
        var (cos, sin, mask, shape) = ((Tensor?)vars[3], (Tensor?)vars[4], (Tensor?)vars[5], (AttentionShape)vars[6]);
        (Tensor, Tensor)? positions = cos is null ? null : (cos, sin!); // they come together
        var kernels = TrainingKernels.For(query.device)!; // whoever calls has asked
        var splitting = new HeadSplitting(kernels, shape.HeadSize);
        var padded = ScoreKernels.Padded(shape.Keys);
        var queries = splitting.Split(query, shape.Queries, positions);
        var keys = splitting.Split(key, padded, positions);
        var values = splitting.Split(value, padded, positions: null);

        var scores = Grouped(queries, shape).bmm(Grouped(keys, shape).transpose(1, 2)); // [B * K, H / K * T, padded S]
        ScoreKernels.Attend(kernels, scores, gradients: null, mask, shape);
        var attended = scores.bmm(Grouped(values, shape)).view(queries.shape);
        var output = splitting.Merge(attended, shape.Queries, positions: null);

        ctx.save_data(ShapeKey, shape);
        // The context reads them once this function has returned.
        ctx.save_for_backward([scope.MoveToOuter(queries), scope.MoveToOuter(keys), scope.MoveToOuter(values), cos!, sin!, mask!]);
        return scope.MoveToOuter(output);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => GivenGradients.Compute(count: 7, [grad_output], () =>
    {
        var saved = ctx.get_saved_variables();
        var (queries, keys, values) = (saved[0], saved[1], saved[2]);
        var shape = (AttentionShape)ctx.get_data(ShapeKey);
        (Tensor, Tensor)? positions = saved[3] is null ? null : (saved[3], saved[4]);
        var kernels = TrainingKernels.For(queries.device)!; // the forward pass had them
        var splitting = new HeadSplitting(kernels, shape.HeadSize);
        var (query, key, value) = (Grouped(queries, shape), Grouped(keys, shape), Grouped(values, shape));

        var gradient = Grouped(splitting.Split(TensorMemory.Dense(grad_output, ScalarType.BFloat16), shape.Queries, positions: null), shape);
        var scores = query.bmm(key.transpose(1, 2));
        var gradients = gradient.bmm(value.transpose(1, 2));
        ScoreKernels.Attend(kernels, scores, gradients, saved[5], shape);
        var valueGradient = scores.transpose(1, 2).bmm(gradient).view(values.shape);
        var queryGradient = gradients.bmm(key).view(queries.shape);
        var keyGradient = gradients.transpose(1, 2).bmm(query).view(keys.shape);
        return
        [
            splitting.Merge(queryGradient, shape.Queries, positions),
            splitting.Merge(keyGradient, shape.Keys, positions),
            splitting.Merge(valueGradient, shape.Keys, positions: null),
        ];
    });

    /// <summary>The heads that share keys below each other: [B, N, P, E] to [B * K, N / K * P, E].</summary>
    private static Tensor Grouped(Tensor heads, in AttentionShape shape)
        => heads.view(heads.size(0) * shape.KeyHeads, heads.size(1) / shape.KeyHeads * heads.size(2), shape.HeadSize);
}
