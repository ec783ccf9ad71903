using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Tasks;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Tasks;

public sealed class SegmentedBackwardTests
{
    private static readonly ProblemType?[] Heads = [.. Enum.GetValues<ProblemType>().Cast<ProblemType?>(), null];

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
        AssertDrawsAreRepeated(new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples), isSegmented: true));
    }

    [Test]
    public void Backward_HeadInSegments_HasTheLossAndGradientsOfTheWhole([ValueSource(nameof(Heads))] ProblemType? problem, [Values] bool isEncoderDecoder)
        => AssertGradientsOfTheWhole(problem, isEncoderDecoder, new TrainedParts());

    [TestCase("score", false)] // nothing below it
    [TestCase("score", true)]
    [TestCase("norm", false)]
    [TestCase("layers.1", false)]
    [TestCase("layers.1", true)]
    [TestCase("encoder.norm", true)]
    [TestCase("embed_tokens", true)]
    public void Backward_PartsOfModelWithHeadInSegments_HaveTheGradientsOfTheWhole(string trained, bool isEncoderDecoder)
        => AssertGradientsOfTheWhole(ProblemType.SingleLabelClassification, isEncoderDecoder, new TrainedParts { Only = [trained] });

    [Test]
    public void Backward_DropoutOfHeadInSegments_RepeatsTheDrawsOfTheForwardPass([Values] bool ofTokens, [Values] bool isEncoderDecoder)
    {
        using var scope = NewDisposeScope();
        var task = HeadSample.Task(ofTokens ? null : ProblemType.SingleLabelClassification, isEncoderDecoder, isSegmented: true, dropout: 0.3);
        using var model = task.Model;
        model.train();
        AssertDrawsAreRepeated(task);
    }

    [Test]
    public void Backward_HeadInSegmentsRepeated_LeavesNoTensors([Values] bool isEncoderDecoder)
        => AssertLeavesNothing(HeadSample.Task(ProblemType.SingleLabelClassification, isEncoderDecoder, isSegmented: true));

    [Test]
    public void Backward_Repeated_LeavesNoTensors()
        => AssertLeavesNothing(new Seq2SeqTask(TinyTask.CreateModel(), new Seq2SeqExamples(TinyTask.Examples), isSegmented: true));

    [Test]
    public void Backward_WithKeptGraphs_HasTheGradientsAndDrawsOfTheWhole([Values(0, 0.3)] double dropout)
    {
        using var scope = NewDisposeScope();
        using var model = TinyTask.CreateModel(dropout);
        model.train();
        AssertKeptGraphs(new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples)));
    }

    [Test]
    public void Backward_HeadWithKeptGraphs_HasTheGradientsAndDrawsOfTheWhole([Values] bool isEncoderDecoder)
    {
        using var scope = NewDisposeScope();
        var task = HeadSample.Task(ProblemType.SingleLabelClassification, isEncoderDecoder, dropout: 0.3);
        using var model = task.Model;
        AssertKeptGraphs((ILayerwiseTask)task);
    }

    [TestCase("score", false)]
    [TestCase("layers.1", false)]
    [TestCase("layers.1", true)]
    [TestCase("encoder.norm", true)]
    [TestCase("embed_tokens", true)]
    public void Backward_PartsWithKeptGraphs_HaveTheGradientsOfTheWhole(string trained, bool isEncoderDecoder)
    {
        using var scope = NewDisposeScope();
        var task = HeadSample.Task(ProblemType.SingleLabelClassification, isEncoderDecoder);
        using var model = task.Model;
        new TrainedParts { Only = [trained] }.Choose(model);
        AssertKeptGraphs((ILayerwiseTask)task);
    }

    [Test]
    public void Backward_KeptGraphsRepeated_LeavesNoTensors()
    {
        using var model = TinyTask.CreateModel();
        model.train();
        var task = new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples));
        var batch = task.Prepare(epoch: 0, [0, 1, 2, 3]);
        task.Backward(batch, seed: 1, new KeepingReceiver()).Dispose(); // makes the gradients
        LiveTensors.AssertNothingLeft(() => task.Backward(batch, seed: 1, new KeepingReceiver()).Dispose());
    }

    private static void AssertKeptGraphs(ILayerwiseTask task)
    {
        task.Model.train();
        var batch = task.Prepare(epoch: 0, [0, 1, 2, 3]);
        var loss = task.Backward(batch, seed: 5).item<float>();
        var expected = task.Model.named_parameters().Where(item => item.parameter.grad is not null).ToDictionary(item => item.name, item => item.parameter.grad!.clone());
        task.Model.zero_grad();
        var receiver = new KeepingReceiver();
        var keptLoss = task.Backward(batch, seed: 5, receiver).item<float>();
        Assert.Multiple(() =>
        {
            Assert.That(keptLoss, Is.EqualTo(loss));
            Assert.That(receiver.Parts, Is.GreaterThanOrEqualTo(1));
            Assert.That(task.Model.named_parameters().Where(item => item.parameter.grad is not null).Select(item => item.name), Is.EquivalentTo(expected.Keys));
            foreach (var (name, gradient) in expected)
                Assert.That((task.Model.get_parameter(name)!.grad! - gradient).abs().max().item<float>(), Is.LessThan(1e-6 * (1 + gradient.abs().max().item<float>())), name);
        });
    }

    private static void AssertGradientsOfTheWhole(ProblemType? problem, bool isEncoderDecoder, TrainedParts parts)
    {
        using var scope = NewDisposeScope();
        var (whole, segmented) = (HeadSample.Task(problem, isEncoderDecoder), HeadSample.Task(problem, isEncoderDecoder, isSegmented: true));
        using var model = whole.Model;
        using var other = segmented.Model; // of the same weights
        var (loss, gradients) = Backward(whole, parts);
        var (segmentedLoss, segmentedGradients) = Backward(segmented, parts);
        Assert.Multiple(() =>
        {
            Assert.That(segmentedLoss, Is.EqualTo(loss));
            Assert.That(segmentedGradients.Keys, Is.EquivalentTo(gradients.Keys));
            foreach (var (name, gradient) in gradients)
                Assert.That((segmentedGradients[name] - gradient).abs().max().item<float>(), Is.LessThan(1e-6 * (1 + gradient.abs().max().item<float>())), name);
        });
    }

    private static (float Loss, Dictionary<string, Tensor> Gradients) Backward(ITrainingTask task, TrainedParts parts)
    {
        task.Model.train();
        var chosen = parts.Choose(task.Model).ToList();
        var loss = task.Backward(task.Prepare(epoch: 0, [.. Enumerable.Range(0, 8)]), seed: 3).item<float>();
        return (loss, chosen.ToDictionary(item => item.Name, item => item.Parameter.grad!)); // each is trained
    }

    private static void AssertLeavesNothing(ITrainingTask task)
    {
        using var model = task.Model;
        model.train();
        var batch = task.Prepare(epoch: 0, [0, 1, 2, 3]);
        task.Backward(batch, seed: 1).Dispose(); // makes the gradients
        LiveTensors.AssertNothingLeft(() => task.Backward(batch, seed: 1).Dispose());
    }

    // Along the gradient the loss changes as the gradient says only if both passes drop the same elements.
    private static void AssertDrawsAreRepeated(ITrainingTask task)
    {
        var batch = task.Prepare(epoch: 0, [0, 1, 2, 3]);
        var before = task.Backward(batch, seed: 5).item<float>();
        var gradients = task.Model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone());
        var squared = gradients.Values.Sum(gradient => Math.Pow(gradient.norm().item<float>(), 2));
        const double Distance = 1e-3;
        var factor = Distance / Math.Sqrt(squared);
        using (no_grad())
        {
            foreach (var (name, parameter) in task.Model.named_parameters())
                parameter.sub_(gradients[name] * factor);
        }

        var after = task.Backward(batch, seed: 5).item<float>();
        Assert.That(before - after, Is.EqualTo(factor * squared).Within(3).Percent); // the rest is curvature
    }

    private static (float Loss, Dictionary<string, Tensor> Gradients) Backward(T5GemmaForConditionalGeneration model, bool isSegmented)
    {
        model.zero_grad();
        var examples = new Seq2SeqExamples([new([5, 6, 7, 8, 9], [10, 11, 1]), new([4, 3], [-100, 12, 13, 1]), new([9, 9, 9], [1])]);
        var task = new Seq2SeqTask(model, examples, isSegmented: isSegmented);
        var loss = task.Backward(task.Prepare(epoch: 0, [0, 1, 2]), seed: 3).item<float>();
        return (loss, model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone()));
    }

    /// <summary>Leaves the gradients where they are.</summary>
    private sealed class KeepingReceiver : IGradientReceiver
    {
        public int Parts { get; private set; }

        public bool Accepts(Tensor loss) => true;

        public void Take(TorchSharp.Modules.Parameter? unfinished = null) => Parts++;
    }
}
