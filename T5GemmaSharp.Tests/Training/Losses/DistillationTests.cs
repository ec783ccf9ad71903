using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Tasks;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Losses;

public sealed class DistillationTests
{
    private static readonly Seq2SeqExamples Examples = new([new([5, 6, 7, 8, 9], [10, 11, 1]), new([4, 3], [-100, 12, 13, 1]), new([9, 9, 9], [1])]);

    private static readonly T5GemmaConfig TeacherConfig = SampleModel.Config with { Decoder = SampleModel.Config.Decoder with { NumHiddenLayers = 3, HiddenSize = 30 } };

    [TestCase(1, 1)]
    [TestCase(1, 2.5)]
    [TestCase(0.3, 2)]
    public void Backward_AnyWeightAndTemperature_EqualsHandComputation(double weight, double temperature)
    {
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM();
        using var teacher = SampleModel.RandomLM(TeacherConfig);
        var (actual, _) = Backward(model, new Distillation(teacher, weight, temperature));
        var tensors = Batch(model);
        var (student, known, targets) = (Rows(model, tensors), Rows(teacher, tensors), tensors.Targets.data<long>().ToArray());
        var expected = 0.0;
        for (var row = 0; row < targets.Length; row++)
        {
            var (q, p, plain) = (Probabilities(student[row], temperature), Probabilities(known[row], temperature), Probabilities(student[row], temperature: 1));
            var divergence = p.Zip(q, (of, from) => of * Math.Log(of / from)).Sum();
            expected += (weight * temperature * temperature * divergence) - ((1 - weight) * Math.Log(plain[targets[row]]));
        }

        Assert.That(actual, Is.EqualTo(expected).Within(1e-3).Percent);
    }

    [Test]
    public void Backward_InChunksOrSegments_HasTheGradientsOfTheWhole([Values(1, 3, 1000)] int chunkSize, [Values] bool isSegmented)
    {
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM();
        using var teacher = SampleModel.RandomLM(TeacherConfig);
        const double Weight = 0.7, Temperature = 1.5;
        var tensors = Batch(model);
        var logits = Logits(model, tensors);
        var p = (Logits(teacher, tensors).detach() / Temperature).softmax(-1);
        var loss = (Weight * Temperature * Temperature * nn.functional.kl_div((logits / Temperature).log_softmax(-1), p, log_target: false, reduction: nn.Reduction.Sum))
            + ((1 - Weight) * nn.functional.cross_entropy(logits, tensors.Targets, reduction: nn.Reduction.Sum));
        loss.backward();
        var expected = Gradients(model);
        var (actual, gradients) = Backward(model, new Distillation(teacher, Weight, Temperature), chunkSize, isSegmented);
        var norm = Math.Sqrt(expected.Values.Sum(gradient => Math.Pow(gradient.norm().item<float>(), 2)));
        Assert.Multiple(() =>
        {
            Assert.That(actual, Is.EqualTo(loss.item<float>()).Within(1e-3).Percent);
            foreach (var (name, gradient) in expected)
                Assert.That((gradients[name] - gradient).norm().item<float>() / norm, Is.LessThan(1e-5), name);
        });
    }

    [Test]
    public void Backward_WithoutWeight_EqualsTrainingWithoutTeacherBitForBit()
    {
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM();
        using var teacher = SampleModel.RandomLM(TeacherConfig);
        var (expected, expectedGradients) = Backward(model, distillation: null);
        var (actual, gradients) = Backward(model, new Distillation(teacher, weight: 0, temperature: 3));
        Assert.Multiple(() =>
        {
            Assert.That(actual, Is.EqualTo(expected));
            foreach (var (name, gradient) in expectedGradients)
                Assert.That(gradients[name].data<float>().ToArray(), Is.EqualTo(gradient.data<float>().ToArray()), name);
        });
    }

    [Test]
    public void Backward_TeacherWithDropout_IsNeitherChangedNorNoisy()
    {
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM();
        using var teacher = SampleModel.RandomLM(TeacherConfig with { DropoutRate = 0.5 });
        teacher.train();
        var before = teacher.parameters().Select(parameter => parameter.clone()).ToList();
        var distillation = new Distillation(teacher);
        var losses = new[] { Backward(model, distillation, seed: 1).Loss, Backward(model, distillation, seed: 2).Loss };
        Assert.Multiple(() =>
        {
            Assert.That(losses[0], Is.EqualTo(losses[1]));
            Assert.That(teacher.training, Is.False);
            Assert.That(teacher.parameters().Select(parameter => parameter.grad), Is.All.Null);
            Assert.That(teacher.parameters().Zip(before, (now, then) => now.equal(then).all().item<bool>()), Is.All.True);
        });
    }

    [Test]
    public void Backward_OfItsOwnTeacher_IsZero()
    {
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM();
        using var teacher = SampleModel.RandomLM(); // the same draws
        var (loss, gradients) = Backward(model, new Distillation(teacher, temperature: 2));
        Assert.Multiple(() =>
        {
            Assert.That(loss, Is.Zero.Within(1e-5));
            Assert.That(gradients.Values.Max(gradient => gradient.abs().max().item<float>()), Is.LessThan(1e-5));
        });
    }

    [Test]
    public void TakeLossByKind_WithTeacher_IsTheAverageOfEachKindsLoss([Values(0, 0.6)] double weight, [Values] bool isSegmented)
    {
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM();
        using var teacher = SampleModel.RandomLM(TeacherConfig);
        var distillation = new Distillation(teacher, weight, temperature: 2);
        using var kinds = new KindLosses(["even", "odd"], CPU);
        var told = new Seq2SeqExamples([.. Enumerable.Range(0, 3).Select(index => Examples[0, index] with { Kind = index % 2 })]);
        var task = new Seq2SeqTask(model, told, new TokenLossOptions { ChunkSize = 2 }, isSegmented, distillation, kinds);
        var total = task.Backward(task.Prepare(epoch: 0, [0, 1, 2]), seed: 0).item<float>();
        var taken = task.TakeLossByKind();
        var parts = new[] { new[] { 0, 2 }, [1] }.Select(indices => task.Backward(task.Prepare(epoch: 0, indices), seed: 0).item<float>()).ToArray();
        Assert.Multiple(() =>
        {
            Assert.That(taken["even"], Is.EqualTo(parts[0] / 4).Within(1e-3).Percent);
            Assert.That(taken["odd"], Is.EqualTo(parts[1] / 3).Within(1e-3).Percent);
            Assert.That(total, Is.EqualTo(parts.Sum()).Within(1e-3).Percent);
        });
    }

    [Test]
    public void Backward_Repeated_LeavesNoTensors()
    {
        using var model = SampleModel.RandomLM();
        using var teacher = SampleModel.RandomLM(TeacherConfig);
        var task = new Seq2SeqTask(model, Examples, distillation: new Distillation(teacher, weight: 0.5));
        var batch = task.Prepare(epoch: 0, [0, 1, 2]);
        task.Backward(batch, seed: 1).Dispose(); // makes the gradients
        LiveTensors.AssertNothingLeft(() => task.Backward(batch, seed: 1).Dispose());
    }

    [Test]
    public void Create_TeacherOfAnotherVocabulary_Throws()
    {
        using var model = SampleModel.RandomLM();
        using var teacher = SampleModel.RandomLM(SampleModel.Config with { VocabSize = 70, Decoder = SampleModel.Config.Decoder with { VocabSize = 70 } });
        Assert.That(() => new Seq2SeqTask(model, Examples, distillation: new Distillation(teacher)), Throws.ArgumentException.With.Message.Contains("teacher: expected vocabularies of 61 and 67"));
    }

    [TestCase(-0.1, 1, "weight: expected 0 to 1, got -0.1")]
    [TestCase(double.NaN, 1, "weight: expected 0 to 1, got NaN")]
    [TestCase(1, 0, "temperature: expected above 0, got 0")]
    public void Create_NumberOutOfRange_Throws(double weight, double temperature, string message)
    {
        using var teacher = SampleModel.RandomLM();
        Assert.That(() => new Distillation(teacher, weight, temperature), Throws.ArgumentException.With.Message.Contains(message));
    }

    private static (float Loss, Dictionary<string, Tensor> Gradients) Backward(
        T5GemmaForConditionalGeneration model, Distillation? distillation, int chunkSize = 1000, bool isSegmented = false, ulong seed = 3)
    {
        model.zero_grad();
        var task = new Seq2SeqTask(model, Examples, new TokenLossOptions { ChunkSize = chunkSize }, isSegmented, distillation);
        var loss = task.Backward(task.Prepare(epoch: 0, [0, 1, 2]), seed).item<float>();
        return (loss, Gradients(model));
    }

    private static Dictionary<string, Tensor> Gradients(T5GemmaForConditionalGeneration model)
        => model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone()); // every parameter has a share

    private static Seq2SeqTensors Batch(T5GemmaForConditionalGeneration model)
        => Seq2SeqBatch.Create([.. Enumerable.Range(0, 3).Select(index => Examples[0, index])], model.Config.PadTokenId ?? 0).To(CPU);

    private static Tensor Logits(T5GemmaForConditionalGeneration model, Seq2SeqTensors tensors)
        => model.call(new() { InputIds = tensors.InputIds, AttentionMask = tensors.AttentionMask, Labels = tensors.Labels, UseCache = false }).Logits.flatten(0, 1).index_select(0, tensors.Positions);

    private static double[][] Rows(T5GemmaForConditionalGeneration model, Seq2SeqTensors tensors)
    {
        var logits = Logits(model, tensors);
        return [.. logits.data<float>().ToArray().Select(logit => (double)logit).Chunk((int)logits.size(1))];
    }

    private static double[] Probabilities(double[] logits, double temperature)
    {
        var sum = logits.Sum(logit => Math.Exp(logit / temperature));
        return [.. logits.Select(logit => Math.Exp(logit / temperature) / sum)];
    }
}
