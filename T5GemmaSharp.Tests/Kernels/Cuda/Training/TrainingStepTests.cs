using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Kernels.Cuda.Training;
using T5GemmaSharp.Tests.Kernels.Cuda.Decode;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Training;

/// <summary>Loss and gradients of whole models by kernels against torch operators in float32, with the operators in bf16 as the measure of what rounding costs.</summary>
public sealed class TrainingStepTests : GpuFixture
{
    private const int ChunkSize = 200;

    private static readonly Dictionary<string, T5GemmaConfig> Configs = new()
    {
        ["heads of 32"] = DecodeCase.Config(hidden: 256, intermediate: 416, layers: 2, heads: 8, keyHeads: 8, headDim: 32, vocab: 377, window: 16),
        ["heads of 64"] = DecodeCase.Config(hidden: 768, intermediate: 2048, layers: 2, heads: 12, keyHeads: 12, headDim: 64, vocab: 5000, window: 4096),
        ["heads of 128 in groups"] = DecodeCase.Config(hidden: 512, intermediate: 1024, layers: 2, heads: 8, keyHeads: 2, headDim: 128, vocab: 1003, window: 24),
        ["heads of 256 in groups"] = DecodeCase.Config(hidden: 768, intermediate: 1024, layers: 2, heads: 4, keyHeads: 2, headDim: 256, vocab: 1000, window: 4096),
    };

    private static IEnumerable<TestCaseData> Cases()
        => Configs.Keys.SelectMany(_ => new[] { (37, 21), (200, 264), (600, 500), (1100, 40) }, (name, lengths) => new TestCaseData(name, lengths.Item1, lengths.Item2));

    [Test]
    public void Refusal_OnADevice_IsNone() => Assert.That(TrainingKernels.Refusal(CUDA), Is.Null);

    [TestCaseSource(nameof(Cases))]
    public void Gradients_OfEveryParameter_AreAsNearToFloat32AsThoseOfTheOperators(string config, int sourceLength, int targetLength)
    {
        var batch = Batch(Configs[config], sourceLength, targetLength);
        var (exactLoss, exact) = Gradients(Configs[config], ScalarType.Float32, AttentionImplementation.Eager, batch);
        var (plainLoss, plain) = Gradients(Configs[config], ScalarType.BFloat16, AttentionImplementation.Eager, batch);
        var (ownLoss, own) = Gradients(Configs[config], ScalarType.BFloat16, AttentionImplementation.Auto, batch);
        var (segmentedLoss, segmented) = Gradients(Configs[config], ScalarType.BFloat16, AttentionImplementation.Auto, batch, isSegmented: true);
        var worst = exact.Keys.MaxBy(name => Error(own[name], exact[name]) / Error(plain[name], exact[name]))!;
        TestContext.Out.WriteLine($"loss {exactLoss:F4}: kernels off by {ownLoss / exactLoss - 1:E1}, operators by {plainLoss / exactLoss - 1:E1}; "
            + $"gradients: {Total(own):E2} and {Total(plain):E2}; worst of {worst}: {Error(own[worst], exact[worst]):E2} and {Error(plain[worst], exact[worst]):E2}");
        Assert.Multiple(() =>
        {
            Assert.That(ownLoss, Is.EqualTo(exactLoss).Within(0.2).Percent);
            Assert.That(segmentedLoss, Is.EqualTo(ownLoss).Within(1e-3).Percent);
            Assert.That(Total(own), Is.LessThanOrEqualTo(1.2 * Total(plain)).And.GreaterThan(0));
            Assert.That(Total(segmented), Is.LessThanOrEqualTo(1.2 * Total(plain)));
            foreach (var name in exact.Keys)
                Assert.That(Error(own[name], exact[name]), Is.LessThanOrEqualTo(2 * Error(plain[name], exact[name])), name);
        });

        double Total(Dictionary<string, Tensor> gradients)
            => Math.Sqrt(exact.Sum(pair => Math.Pow((gradients[pair.Key] - pair.Value).norm().item<float>(), 2)) / exact.Values.Sum(gradient => Math.Pow(gradient.norm().item<float>(), 2)));
    }

    [TestCase(0, 0, null)]
    [TestCase(0.1, 0, 30)]
    [TestCase(0, 1e-3, 30)]
    [TestCase(0.1, 1e-3, null)]
    public void TakeGradient_AnySettings_IsNearToAutogradInFloat32(double smoothing, double zLoss, double? cap)
    {
        manual_seed(5);
        foreach (var columns in new[] { 1003, 256_000 })
        {
            var products = randn([33, columns], device: CUDA).mul_(10).to(ScalarType.BFloat16);
            var targets = randint(0, columns, [33], dtype: ScalarType.Int64, device: CUDA);
            var leaf = products.to(ScalarType.Float32).requires_grad_();
            var logits = cap is { } most ? (leaf / most).tanh() * most : leaf;
            var options = new TokenLossOptions { LabelSmoothing = smoothing, ZLoss = zLoss };
            var expected = TokenLoss.Each(logits, targets, options);
            expected.sum().backward();
            var losses = LossKernels.TakeGradient(TrainingKernels.For(CUDA)!, products, targets, cap, smoothing, zLoss);
            Assert.That(Error(losses, expected), Is.LessThan(1e-5));
            Assert.That(Error(products.to(ScalarType.Float32), leaf.grad!), Is.LessThan(2e-3), "what rounding to bf16 costs");
        }
    }

    [Test]
    public void Train_TwentySteps_StaysAsNearToFloat32AsWithTheOperators()
    {
        var config = Configs["heads of 64"];
        var exact = Losses(ScalarType.Float32, AttentionImplementation.Eager);
        var (own, plain) = (Losses(ScalarType.BFloat16, AttentionImplementation.Auto), Losses(ScalarType.BFloat16, AttentionImplementation.Eager));
        TestContext.Out.WriteLine($"relative distance of the losses to float32: kernels {Distance(own):E2}, operators {Distance(plain):E2}; {exact[0]:F3} to {exact[^1]:F3}, {own[^1]:F3}, {plain[^1]:F3}");
        Assert.That(Distance(own), Is.LessThanOrEqualTo(2 * Distance(plain)).And.GreaterThan(0));
        Assert.That(own[^1], Is.LessThan(0.9 * own[0]), "it learns");

        double Distance(List<double> losses) => losses.Zip(exact, (loss, other) => Math.Abs(loss - other) / other).Average();

        List<double> Losses(ScalarType dtype, AttentionImplementation attention)
        {
            using var model = Model(config, dtype, attention);
            using var optimizer = new AdamW(model.named_parameters(), new AdamWOptions()) { UsesOperators = attention == AttentionImplementation.Eager };
            var random = new Random(3);
            int[] Draw(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(3, 5000))];
            var examples = new Seq2SeqExamples([.. Enumerable.Range(0, 8).Select(_ => new Seq2SeqExample(Draw(random.Next(20, 60)), Draw(random.Next(20, 60))))]);
            var options = new TrainingOptions { Steps = 20, BatchSize = 8, LearningRate = 2e-4, Schedule = LearningRateSchedule.Constant, ReportSteps = 1 };
            return [.. new Trainer(new Seq2SeqTask(model, examples), options).Run(optimizer).State.Reports.Select(report => report.Loss)];
        }
    }

    [Test]
    public void Backward_ManyTimes_LeavesNoTensorsBehind([Values] bool isSegmented)
    {
        var config = Configs["heads of 32"];
        using var model = Model(config, ScalarType.BFloat16, AttentionImplementation.Auto);
        var task = new Seq2SeqTask(model, new Seq2SeqExamples([]), new TokenLossOptions { ChunkSize = ChunkSize }, isSegmented);
        var batch = Batch(config, 37, 21);
        Repeat(2); // what is made once, and what waits for the next pass, is no leak
        var before = Tensor.TotalCount; // of all threads: libtorch's own runs the backward pass
        Repeat(5);
        Assert.That(Tensor.TotalCount, Is.LessThanOrEqualTo(before));

        void Repeat(int count)
        {
            for (var repetition = 0; repetition < count; repetition++)
                task.Backward(batch, seed: 1).Dispose();
        }
    }

    [Test]
    public void Backward_FaultInAKernelsCode_IsThrownByTheCaller()
    {
        var states = randn([4, 8], device: CUDA).to(ScalarType.BFloat16).requires_grad_();
        FailingFunction.apply(states).sum().backward();
        Assert.That(BackwardFault.Rethrow, Throws.InvalidOperationException.With.Message.EqualTo(FailingFunction.Fault));
        Assert.That(BackwardFault.Rethrow, Throws.Nothing, "once");
        Assert.That(states.grad, Is.Null);
    }

    private static Seq2SeqBatch Batch(T5GemmaConfig config, int sourceLength, int targetLength)
    {
        var random = new Random(sourceLength);
        int[] Draw(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(3, (int)config.Decoder.VocabSize))];
        return Seq2SeqBatch.Create([new(Draw(sourceLength), Draw(targetLength - 9)), new(Draw(sourceLength / 3), Draw(targetLength)), new(Draw(sourceLength - 5), Draw(targetLength / 2))], padId: 0);
    }

    private static T5GemmaForConditionalGeneration Model(T5GemmaConfig config, ScalarType dtype, AttentionImplementation attention)
    {
        manual_seed(11);
        var model = T5GemmaForConditionalGeneration.FromConfig(config, new PretrainedOptions { DType = ScalarType.BFloat16, Device = CUDA, Attention = attention });
        model.train();
        model.to(dtype); // of the same weights
        return model;
    }

    /// <summary>The summed loss over its targets, and the gradients in float32.</summary>
    private static (double Loss, Dictionary<string, Tensor> Gradients) Gradients(
        T5GemmaConfig config, ScalarType dtype, AttentionImplementation attention, Seq2SeqBatch batch, bool isSegmented = false)
    {
        using var model = Model(config, dtype, attention);
        var task = new Seq2SeqTask(model, new Seq2SeqExamples([]), new TokenLossOptions { ChunkSize = ChunkSize }, isSegmented);
        using var loss = task.Backward(batch, seed: 1);
        BackwardFault.Rethrow();
        return (loss.item<float>() / batch.Targets, model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!.to(ScalarType.Float32).clone()));
    }

    private static double Error(Tensor actual, Tensor exact) => (actual - exact).norm().item<float>() / exact.norm().item<float>();

    private sealed class FailingFunction : autograd.SingleTensorFunction<FailingFunction>
    {
        public const string Fault = "no memory";

        public override string Name => nameof(FailingFunction);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]).clone();

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
            => GivenGradients.Compute(count: 1, [grad_output], () => throw new InvalidOperationException(Fault));
    }
}
