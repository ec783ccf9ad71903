using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Tasks;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Tasks;

public sealed class SegmentedBackwardTests
{
    [Test]
    public void Backward_InSegments_HasTheLossAndGradientsOfTheWhole()
    {
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM();
        model.train();
        var (loss, gradients) = Backward(model, isSegmented: false);
        var (segmentedLoss, segmentedGradients) = Backward(model, isSegmented: true);
        Assert.Multiple(() =>
        {
            Assert.That(segmentedLoss, Is.EqualTo(loss));
            foreach (var (name, gradient) in gradients)
                Assert.That((segmentedGradients[name] - gradient).abs().max().item<float>(), Is.LessThan(1e-6 * (1 + gradient.abs().max().item<float>())), name); // the encoder's gradient adds up in another order
        });
    }

    [Test]
    public void Backward_DropoutInSegments_RepeatsTheDrawsOfTheForwardPass()
    {
        using var scope = NewDisposeScope();
        using var model = TinyTask.CreateModel(dropout: 0.3);
        model.train();
        var task = new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples), isSegmented: true);
        var batch = task.Prepare(epoch: 0, [0, 1, 2, 3]);

        // Along the gradient the loss changes as the gradient says only if both passes drop the same elements.
        var before = task.Backward(batch, seed: 5).item<float>();
        var gradients = model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone());
        var squared = gradients.Values.Sum(gradient => Math.Pow(gradient.norm().item<float>(), 2));
        const double Distance = 1e-3;
        var factor = Distance / Math.Sqrt(squared);
        using (no_grad())
        {
            foreach (var (name, parameter) in model.named_parameters())
                parameter.sub_(gradients[name] * factor);
        }

        var after = task.Backward(batch, seed: 5).item<float>();
        Assert.That(before - after, Is.EqualTo(factor * squared).Within(3).Percent); // the rest is curvature
    }

    [Test]
    public void Backward_Repeated_LeavesNoTensors()
    {
        using var model = TinyTask.CreateModel();
        model.train();
        var task = new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples), isSegmented: true);
        var batch = task.Prepare(epoch: 0, [0, 1, 2, 3]);
        task.Backward(batch, seed: 1).Dispose(); // makes the gradients
        LiveTensors.AssertNothingLeft(() => task.Backward(batch, seed: 1).Dispose());
    }

    private static (float Loss, Dictionary<string, Tensor> Gradients) Backward(T5GemmaForConditionalGeneration model, bool isSegmented)
    {
        model.zero_grad();
        var examples = new Seq2SeqExamples([new([5, 6, 7, 8, 9], [10, 11, 1]), new([4, 3], [-100, 12, 13, 1]), new([9, 9, 9], [1])]);
        var task = new Seq2SeqTask(model, examples, isSegmented: isSegmented);
        var loss = task.Backward(task.Prepare(epoch: 0, [0, 1, 2]), seed: 3).item<float>();
        return (loss, model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone()));
    }
}
