using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Tasks;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Losses;

public sealed class ChunkedHeadTests
{
    // Sums of float32 products in another order; gradients are judged by the size of all of them together.
    private const double Tolerance = 1e-5;

    [Test]
    public void Sum_AnyChunkSize_HasTheLossAndGradientsOfTheWhole([Values(1, 3, 1000)] int chunkSize, [Values(0, 0.1)] double smoothing, [Values(0, 1e-2)] double zLoss)
    {
        using var scope = NewDisposeScope();
        using var model = TinyTask.CreateModel();
        model.train();
        var tensors = Seq2SeqBatch.Create([.. TinyTask.Examples.Take(5)], padId: 0).To(CPU);
        var whole = model.call(new() { InputIds = tensors.InputIds, AttentionMask = tensors.AttentionMask, Labels = tensors.Labels });
        var logits = whole.Logits.flatten(0, 1).index_select(0, tensors.Positions);
        var logProbabilities = logits.log_softmax(-1);
        var exact = -logProbabilities.gather(1, tensors.Targets.unsqueeze(1)).squeeze(1);
        var expected = ((1 - smoothing) * exact + smoothing * -logProbabilities.mean([-1]) + zLoss * logits.logsumexp(-1).square()).sum();
        expected.backward();
        var gradients = model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone());
        model.zero_grad();

        var states = Seq2SeqTask.States(model, tensors);
        var actual = new ChunkedHead(model, new TokenLossOptions { LabelSmoothing = smoothing, ZLoss = zLoss, ChunkSize = chunkSize }).Sum(states, tensors.Positions, tensors.Targets);
        var norm = Math.Sqrt(gradients.Values.Sum(gradient => Math.Pow(gradient.norm().item<float>(), 2)));
        Assert.Multiple(() =>
        {
            Assert.That(actual.item<float>(), Is.EqualTo(expected.item<float>()).Within(Tolerance * 100).Percent);
            foreach (var (name, parameter) in model.named_parameters())
                Assert.That((parameter.grad! - gradients[name]).norm().item<float>() / norm, Is.LessThan(Tolerance), name);
        });
    }

    [Test]
    public void Sum_NoTargets_IsZeroWithoutGradients()
    {
        using var scope = NewDisposeScope();
        using var model = TinyTask.CreateModel();
        var tensors = Seq2SeqBatch.Create([new([5, 6], [-100, -100])], padId: 0).To(CPU);
        var sum = new ChunkedHead(model, new TokenLossOptions()).Sum(Seq2SeqTask.States(model, tensors), tensors.Positions, tensors.Targets);
        Assert.Multiple(() =>
        {
            Assert.That(sum.item<float>(), Is.Zero);
            Assert.That(model.parameters().Select(parameter => parameter.grad), Is.All.Null);
        });
    }

    [Test]
    public void Sum_WithoutRecordingGradients_LeavesNoTensors()
    {
        using var model = TinyTask.CreateModel();
        var batch = Seq2SeqBatch.Create([.. TinyTask.Examples.Take(5)], padId: 0);
        LiveTensors.AssertNothingLeft(() =>
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            var tensors = batch.To(CPU);
            new ChunkedHead(model, new TokenLossOptions { ChunkSize = 4 }).Sum(Seq2SeqTask.States(model, tensors), tensors.Positions, tensors.Targets);
        });
    }
}
