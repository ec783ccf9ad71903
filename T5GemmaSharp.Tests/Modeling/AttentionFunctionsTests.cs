using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

public sealed class AttentionFunctionsTests
{
    private const double Tolerance = 2e-6;
    private const long Heads = 4;
    private const long KeyHeads = 2;
    private const long HeadDim = 6;

    private static readonly T5GemmaModuleConfig Config = TinyModels.Config.Encoder with
    {
        NumAttentionHeads = Heads,
        NumKeyValueHeads = KeyHeads,
        HeadDim = HeadDim,
        QueryPreAttnScalar = 3,
        AttnLogitSoftcapping = null,
        AttnImplementation = AttentionImplementation.Eager,
    };

    [TestCase(0, 0)]
    [TestCase(1, 0)]
    [TestCase(2, 1)]
    [TestCase(3, 1)]
    public void Attend_GroupedQueries_HeadReadsItsKeyHead(int head, int keyHead)
    {
        using var scope = NewDisposeScope();
        var (query, key, value) = States();
        var (output, weights) = AttentionFunctions.Attend(query, key, value, mask: null, Config, training: false, outputAttentions: true);
        var expected = Direct(query, key, value, head, keyHead, scale: 1 / Math.Sqrt(3), cap: null);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(output.shape, Is.EqualTo(new long[] { 2, 3, Heads * HeadDim }));
            Assert.That(weights!.shape, Is.EqualTo(new long[] { 2, Heads, 3, 5 }));
            TensorAssert.Close(output.narrow(2, head * HeadDim, HeadDim), expected.Output, Tolerance, "output");
            TensorAssert.Close(weights.select(1, head), expected.Weights, Tolerance, "weights");
        }
    }

    [TestCase(AttentionImplementation.Eager)]
    [TestCase(AttentionImplementation.Auto)]
    public void Attend_SoftCap_BendsTheScores(AttentionImplementation implementation)
    {
        using var scope = NewDisposeScope();
        var (query, key, value) = States();
        var config = Config with { AttnLogitSoftcapping = 0.7, AttnImplementation = implementation };
        var output = Attend(query, key, value, config).narrow(2, 3 * HeadDim, HeadDim);
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(output, Direct(query, key, value, 3, 1, 1 / Math.Sqrt(3), cap: 0.7).Output, Tolerance, "with cap");
            Assert.That(output.RelativeDistance(Direct(query, key, value, 3, 1, 1 / Math.Sqrt(3), cap: null).Output), Is.GreaterThan(0.05), "without cap");
        }
    }

    [TestCase(3)]
    [TestCase(HeadDim)]
    public void Attend_SdpaWithoutCap_EqualsEager(long scalar)
    {
        using var scope = NewDisposeScope();
        var (query, key, value) = States();
        var eager = Config with { QueryPreAttnScalar = scalar };
        TensorAssert.Close(Attend(query, key, value, eager with { AttnImplementation = AttentionImplementation.Sdpa }), Attend(query, key, value, eager), Tolerance, "sdpa");
    }

    [Test]
    public void Attend_SdpaWithCap_DropsTheCapLikeTransformers()
    {
        using var scope = NewDisposeScope();
        var (query, key, value) = States();
        var sdpa = Config with { AttnLogitSoftcapping = 0.7, AttnImplementation = AttentionImplementation.Sdpa };
        TensorAssert.Close(Attend(query, key, value, sdpa), Attend(query, key, value, Config), Tolerance, "sdpa");
    }

    [Test]
    public void Attend_SdpaAskedForWeights_SaysWhatToDo()
    {
        using var scope = NewDisposeScope();
        var (query, key, value) = States();
        Assert.That(
            () => AttentionFunctions.Attend(query, key, value, null, Config with { AttnImplementation = AttentionImplementation.Sdpa }, training: false, outputAttentions: true),
            Throws.InvalidOperationException.With.Message.Contains("AttentionImplementation.Eager"));
    }

    [Test]
    public void Attend_Mask_IsAddedAfterTheCap()
    {
        using var scope = NewDisposeScope();
        var (query, key, value) = States();
        var mask = torch.zeros(1, 1, 1, 5);
        mask[0, 0, 0, 2] = torch.finfo(ScalarType.Float32).min;
        var weights = AttentionFunctions.Attend(query, key, value, mask, Config with { AttnLogitSoftcapping = 0.7 }, training: false, outputAttentions: true).Weights!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(weights.select(3, 2).abs().max().item<float>(), Is.Zero, "a hidden key, which a cap of its mask would show");
            TensorAssert.Close(weights.sum(3), torch.ones(2, Heads, 3), Tolerance, "sum of the others");
        }
    }

    [Test]
    public void Attend_Inputs_AreLeftAsTheyWere()
    {
        using var scope = NewDisposeScope();
        var (query, key, value) = States();
        var before = (query.clone(), key.clone(), value.clone());
        _ = Attend(query, key, value, Config with { AttnLogitSoftcapping = 0.7 });
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(query, before.Item1, 0, "query");
            TensorAssert.Close(key, before.Item2, 0, "key");
            TensorAssert.Close(value, before.Item3, 0, "value");
        }
    }

    private static Tensor Attend(Tensor query, Tensor key, Tensor value, T5GemmaModuleConfig config) =>
        AttentionFunctions.Attend(query, key, value, mask: null, config, training: false, outputAttentions: false).Output;

    private static (Tensor Query, Tensor Key, Tensor Value) States()
    {
        torch.manual_seed(4);
        return (torch.randn(2, Heads, 3, HeadDim), torch.randn(2, KeyHeads, 5, HeadDim), torch.randn(2, KeyHeads, 5, HeadDim));
    }

    /// <summary>One head in double precision, straight from the definition.</summary>
    private static (Tensor Output, Tensor Weights) Direct(Tensor query, Tensor key, Tensor value, int head, int keyHead, double scale, double? cap)
    {
        var q = query.select(1, head).to(ScalarType.Float64);
        var (k, v) = (key.select(1, keyHead).to(ScalarType.Float64), value.select(1, keyHead).to(ScalarType.Float64));
        var scores = q.matmul(k.transpose(1, 2)) * scale;
        if (cap is { } c)
            scores = (scores / c).tanh() * c;
        var weights = scores.softmax(-1);
        return (weights.matmul(v), weights);
    }
}
