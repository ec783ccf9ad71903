using T5GemmaSharp.Kernels.Cuda.Encode;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Encode;

/// <summary>The kernels' maths step by step in operators of torch, on any device: float32 sums, exponents without a maximum, one rounding at the end.</summary>
internal sealed class TorchEncoderOperations(T5GemmaModuleConfig config) : IEncoderOperations
{
    public Tensor Mask(Tensor? real, long batch, long length) => real?.clone() ?? torch.ones([batch, length], dtype: ScalarType.Bool);

    public void Normalize((Tensor States, Tensor PostNorm)? update, Tensor hidden, Tensor preNorm, Tensor normalized)
    {
        using var scope = NewDisposeScope();
        if (update is { } given)
            hidden.add_(Norm(given.States, given.PostNorm));
        normalized.copy_(Norm(hidden, preNorm));
    }

    public void Rotate(Tensor queries, Tensor keys, Tensor cos, Tensor sin)
    {
        foreach (var states in new[] { queries, keys })
        {
            using var scope = NewDisposeScope();
            var heads = Heads(states, cos.size(1)); // [B, S, heads, E]
            var half = config.HeadDim / 2;
            var turned = torch.cat([-heads.narrow(3, half, half), heads.narrow(3, 0, half)], dim: 3);
            states.copy_(((heads * cos.unsqueeze(2)) + (turned * sin.unsqueeze(2))).view(states.shape));
        }
    }

    public void Attend(Tensor queries, Tensor keys, Tensor values, Tensor mask, long length, long? window)
    {
        using var scope = NewDisposeScope();
        var groups = config.NumAttentionHeads / config.NumKeyValueHeads;
        var (query, key, value) = (Heads(queries, length).transpose(1, 2), Repeated(keys), Repeated(values)); // [B, H, S, E]
        var cap = config.AttnLogitSoftcapping!.Value;
        var scores = query.matmul(key.transpose(2, 3)) * (Math.Pow(config.QueryPreAttnScalar, -0.5) / cap);
        var visible = mask.to(ScalarType.Bool).unsqueeze(1).unsqueeze(1); // [B, 1, 1, S]
        if (window is { } reach)
        {
            var positions = torch.arange(length, device: queries.device);
            visible = visible & ((positions.unsqueeze(1) - positions).abs() < reach);
        }
        var weights = (scores.tanh() * cap).exp() * visible;
        var totals = weights.sum(-1, keepdim: true);
        weights = torch.where(totals.eq(0), torch.full_like(totals, 1.0 / length), weights / totals);
        queries.copy_(weights.matmul(value).transpose(1, 2).reshape(queries.shape));

        Tensor Repeated(Tensor states) => Heads(states, length).repeat_interleave(groups, dim: 2).transpose(1, 2);
    }

    public void Gate(Tensor gates, Tensor values)
    {
        using var scope = NewDisposeScope();
        gates.copy_(nn.functional.gelu(gates.to(ScalarType.Float32), TorchSharp.Modules.GELU.Approximate.tanh) * values);
    }

    private Tensor Norm(Tensor states, Tensor weight)
    {
        var exact = states.to(ScalarType.Float32);
        return exact * (exact.square().mean([-1], keepdim: true) + config.RmsNormEps).rsqrt() * (weight.to(ScalarType.Float32) + 1);
    }

    private Tensor Heads(Tensor states, long length) => states.to(ScalarType.Float32).view(-1, length, states.size(1) / config.HeadDim, config.HeadDim);
}
