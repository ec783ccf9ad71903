using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Training.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Training;

/// <summary>The derivatives that the kernels of training compute, written in torch operators, against autograd through the operators of the modules.</summary>
public sealed class DerivativeFormulaTests
{
    private const float Tolerance = 1e-5f;

    private DisposeScope _scope = null!;
    private Generator _generator = null!;

    [SetUp]
    public void Open()
    {
        _scope = NewDisposeScope();
        _generator = new Generator(seed: 5);
    }

    [TearDown]
    public void Close()
    {
        _scope.Dispose();
        _generator.Dispose();
    }

    [Test]
    public void Attention_CapMaskAndGroups_IsThatOfAutograd([Values(null, 3.0)] double? cap)
    {
        var config = new T5GemmaModuleConfig { NumAttentionHeads = 4, NumKeyValueHeads = 2, HeadDim = 6, QueryPreAttnScalar = 5, AttnLogitSoftcapping = cap };
        var scale = Math.Pow(config.QueryPreAttnScalar, -0.5);
        var (query, key, value, gradient) = (Leaf(3, 4, 5, 6), Leaf(3, 2, 7, 6), Leaf(3, 2, 7, 6), Draw(3, 5, 24));
        var mask = zeros(3, 1, 5, 7).masked_fill_(Draw(3, 1, 5, 7).gt(0.5), finfo(ScalarType.Float32).min);
        AttentionFunctions.Attend(query, key, value, mask, config, training: true, outputAttentions: false).Output.backward([gradient]);

        // As the kernels do it: queries of a key head below each other, scores and probabilities computed again.
        var (q, k, v) = (query.detach().reshape(6, 10, 6), key.detach().reshape(6, 7, 6), value.detach().reshape(6, 7, 6));
        var g = gradient.view(3, 5, 4, 6).transpose(1, 2).reshape(6, 10, 6);
        var products = q.bmm(k.transpose(1, 2));
        var tanh = cap is { } limit ? (products * scale / limit).tanh() : null;
        var scores = tanh is null ? products * scale : tanh * cap!.Value;
        var p = (scores.view(3, 4, 5, 7) + mask).softmax(-1).view(6, 10, 7);
        var d = g.bmm(v.transpose(1, 2));
        var slope = tanh is null ? full_like(products, scale) : (1 - tanh.square()) * scale;
        var s = p * (d - (p * d).sum(dim: -1, keepdim: true)) * slope;
        Assert.Multiple(() =>
        {
            Near(p.transpose(1, 2).bmm(g), value.grad!);
            Near(s.bmm(k), query.grad!);
            Near(s.transpose(1, 2).bmm(q), key.grad!);
        });
    }

    [Test]
    public void Rotation_IsThatOfAutograd()
    {
        var (states, cos, sin, gradient) = (Leaf(2, 3, 5, 6), Draw(2, 1, 5, 6), Draw(2, 1, 5, 6), Draw(2, 3, 5, 6));
        RotaryPositionEmbedding.Apply(states, cos, sin).backward([gradient]);
        var (g, c, s) = (gradient.chunk(2, dim: -1), cos.chunk(2, dim: -1), sin.chunk(2, dim: -1));
        Near(cat([g[0] * c[0] + g[1] * s[1], g[1] * c[1] - g[0] * s[0]], dim: -1), states.grad!);
    }

    [Test]
    public void Norm_IsThatOfAutograd()
    {
        const double epsilon = 0.1;
        using var norm = new T5GemmaRMSNorm(6, epsilon, new ModuleFactory(CPU, ScalarType.Float32));
        using (no_grad())
            norm.Weight.copy_(Draw(6));
        var (input, gradient) = (Leaf(5, 6), Draw(5, 6));
        norm.call(input).backward([gradient]);
        using var noGrad = no_grad();
        var factor = (input.square().mean([-1], keepdim: true) + epsilon).rsqrt();
        var (n, h) = (input * factor, gradient * (1 + norm.Weight));
        Assert.Multiple(() =>
        {
            Near(factor * (h - n * (h * n).mean([-1], keepdim: true)), input.grad!);
            Near((gradient * n).sum(dim: 0), norm.Weight.grad!);
        });
    }

    [Test]
    public void Gate_IsThatOfAutograd()
    {
        var (gate, up, gradient) = (Leaf(4, 7), Leaf(4, 7), Draw(4, 7));
        (HiddenActivation.GeluPytorchTanh.Apply(gate) * up).backward([gradient]);
        using var noGrad = no_grad();
        var (root, cube) = (Math.Sqrt(2 / Math.PI), 0.044715);
        var t = (root * (gate + cube * gate.pow(3))).tanh();
        var slope = 0.5 * (1 + t) + 0.5 * gate * (1 - t.square()) * root * (1 + 3 * cube * gate.square());
        Assert.Multiple(() =>
        {
            Near(gradient * up * slope, gate.grad!);
            Near(gradient * 0.5 * gate * (1 + t), up.grad!);
        });
    }

    [Test]
    public void TokenLoss_IsThatOfAutograd([Values(null, 9.0)] double? cap, [Values(0, 0.1)] double smoothing, [Values(0, 0.01)] double zLoss)
    {
        var (products, targets) = (Leaf(4, 11), tensor(new long[] { 0, 3, 10, 3 }));
        var capped = T5GemmaLMHead.Capped(products * 1, cap); // a copy: it is overwritten
        TokenLoss.Sum(capped, targets, new TokenLossOptions { LabelSmoothing = smoothing, ZLoss = zLoss }).backward();
        using var noGrad = no_grad();
        var z = cap is { } limit ? (products / limit).tanh() * limit : products;
        var sum = z.logsumexp(-1, keepdim: true);
        var wanted = nn.functional.one_hot(targets, 11) * (1 - smoothing);
        var slope = cap is { } most ? 1 - (z / most).square() : ones_like(z);
        Near(((z - sum).exp() * (1 + 2 * zLoss * sum) - smoothing / 11 - wanted) * slope, products.grad!);
    }

    private static void Near(Tensor actual, Tensor expected)
    {
        using var noGrad = no_grad();
        var error = (actual.reshape(expected.shape) - expected).abs().max().item<float>();
        Assert.That(error, Is.LessThan(Tolerance));
        Assert.That(expected.abs().max().item<float>(), Is.GreaterThan(100 * Tolerance));
    }

    private Tensor Draw(params long[] shape) => randn(shape, generator: _generator);

    private Tensor Leaf(params long[] shape) => Draw(shape).requires_grad_();
}
