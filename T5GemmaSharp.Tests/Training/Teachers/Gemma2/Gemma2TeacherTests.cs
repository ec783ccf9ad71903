using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Training.Adaptation;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Tasks;
using T5GemmaSharp.Training.Teachers;
using T5GemmaSharp.Training.Teachers.Gemma2;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Teachers.Gemma2;

public sealed class Gemma2TeacherTests
{
    private const int Bos = 2;
    private const int Layers = 3; // of both kinds

    // Sources with and without bos, of several lengths, and texts longer than the sliding window; a target without a label in it.
    private static readonly Seq2SeqExample[] Examples =
    [
        new([5, 6, 7, 8, 9, 30, 31], [10, 11, 40, 41, 1]),
        new([Bos, 4, 3], [12, 13, 1]),
        new([9], [15]),
        new([Bos, 21, 22, 23, 24, 25, 26, 27, 28], [-100, 33, -100, 34, 1]),
    ];

    private readonly ScratchFolder _folder = new();

    [OneTimeTearDown]
    public void DisposeFolder() => _folder.Dispose();

    [TestCase(true, ScalarType.Float32)]
    [TestCase(false, ScalarType.Float32)]
    [TestCase(true, ScalarType.BFloat16)] // stored, and computed in float32
    public void States_OfTexts_EqualAnIndependentForwardPass(bool isTied, ScalarType stored)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var folder = Gemma2Folder.Write(_folder[$"{isTied}{stored}"], hidden: 20, Layers, seed: 1, isTied, stored);
        using var model = Gemma2ForCausalLM.FromPretrained(folder, new PretrainedOptions { DType = ScalarType.Float32 });
        using var reader = CheckpointReader.Open(folder);
        var reference = new ReferenceGemma2(reader, Layers, isTied);
        var texts = new[] { new long[] { Bos, 5, 6, 7, 8, 9, 10, 11, 12 }, [Bos, 20, 21] };
        var ids = tensor(new long[,] { { Bos, 5, 6, 7, 8, 9, 10, 11, 12 }, { Bos, 20, 21, 0, 0, 0, 0, 0, 0 } });
        var logits = model.ToLogits(model.States(ids, ids.ne(0)));
        for (var row = 0; row < texts.Length; row++)
        {
            var expected = reference.Logits(texts[row]);
            Assert.That(expected.abs().max().item<double>(), Is.GreaterThan(1)); // there is something to compare
            TensorAssert.Close(logits[row].narrow(0, 0, texts[row].Length), expected.to(ScalarType.Float32), 2e-4, "the tolerance of all logits");
        }
    }

    [TestCase(1, 1)]
    [TestCase(0.3, 2)]
    public void Backward_SourceThenTarget_IsTheDivergenceFromTheIndependentPass(double weight, double temperature)
    {
        using var scope = NewDisposeScope();
        var folder = Gemma2Folder.Write(_folder[$"gemma{weight}"], hidden: 20, Layers, seed: 1);
        using var student = Student();
        using var loaded = LoadedTeacher.FromPretrained(folder, new PretrainedOptions(), temperature);
        var task = new Seq2SeqTask(student, new Seq2SeqExamples(Examples), distillation: new Distillation(loaded.Teacher, weight));
        var actual = task.Backward(task.Prepare(epoch: 0, [2, 0, 3, 1]), seed: 0).item<float>();
        using var reader = CheckpointReader.Open(folder);
        var reference = new ReferenceGemma2(reader, Layers, isTied: true);
        var expected = 0.0;
        foreach (var example in Examples)
        {
            long[] prefix = [.. example.InputIds[0] == Bos ? [] : new long[] { Bos }, .. example.InputIds];
            int[] places = [.. Enumerable.Range(0, example.Labels.Length)];
            var logits = reference.Logits([.. prefix, .. example.Labels.Select(label => Math.Max(0, label))], [.. places.Where(place => example.Labels[place] == -100).Select(place => prefix.Length + place)]);
            expected += Loss(student, example, places.Where(place => example.Labels[place] != -100).Select(place => logits[prefix.Length - 1 + place]), weight, temperature);
        }

        Assert.That(actual, Is.EqualTo(expected).Within(1e-3).Percent);
    }

    [Test]
    public void Store_OfGemma_IsWhatItSaysBesideTheModel()
    {
        using var scope = NewDisposeScope();
        var folder = Gemma2Folder.Write(_folder["stored"], hidden: 20, Layers, seed: 1);
        using var student = Student();
        using var loaded = LoadedTeacher.FromPretrained(folder, new PretrainedOptions(), temperature: 2);
        var examples = new Seq2SeqExamples(Examples);
        StoredTeacherWriter.Write(_folder["file"], loaded.Teacher, examples, "tokens", new StoredTeacherOptions { TopK = Gemma2Folder.VocabSize, DType = ScalarType.Float32, BatchSize = 2 });
        using var stored = StoredTeacher.Open(_folder["file"]);
        var losses = new[] { new Distillation(stored), new Distillation(loaded.Teacher, weight: 1) }.Select(distillation =>
        {
            var task = new Seq2SeqTask(student, examples, distillation: distillation);
            return task.Backward(task.Prepare(epoch: 0, [0, 1, 2, 3]), seed: 0).item<float>();
        }).ToArray();
        Assert.That(losses[0], Is.EqualTo(losses[1]).Within(1e-4).Percent);
    }

    [Test]
    public void Backward_Repeated_LeavesNoTensors()
    {
        using var student = Student();
        var folder = Gemma2Folder.Write(_folder["leak"], hidden: 20, Layers, seed: 1);
        LiveTensors.AssertNothingLeft(() => LoadedTeacher.FromPretrained(folder, new PretrainedOptions(), temperature: 1).Dispose());
        using var loaded = LoadedTeacher.FromPretrained(folder, new PretrainedOptions(), temperature: 1);
        var task = new Seq2SeqTask(student, new Seq2SeqExamples(Examples), distillation: new Distillation(loaded.Teacher, weight: 1));
        task.Backward(task.Prepare(epoch: 0, [0, 1]), seed: 0).Dispose(); // makes the gradients
        LiveTensors.AssertNothingLeft(() => task.Backward(task.Prepare(epoch: 0, [0, 1]), seed: 0).Dispose());
    }

    [Test]
    public void Load_DamagedFolder_IsNamed()
    {
        var less = Gemma2Folder.Write(_folder["less"], hidden: 20, Layers, seed: 1, damage: tensors => tensors.Remove("model.layers.1.mlp.up_proj.weight"));
        var bosless = Gemma2Folder.Write(_folder["bosless"], hidden: 20, Layers, seed: 1, change: config => config["bos_token_id"] = null);
        var larger = Gemma2Folder.Write(_folder["larger"], hidden: 20, Layers, seed: 1);
        using var student = SampleModel.RandomLM();
        using var loaded = LoadedTeacher.FromPretrained(larger, new PretrainedOptions(), temperature: 1);
        Assert.Multiple(() =>
        {
            Assert.That(() => LoadedTeacher.FromPretrained(less, new PretrainedOptions(), temperature: 1), Throws.InstanceOf<CheckpointMismatchException>().With.Message.Contains("model.layers.1.mlp.up_proj.weight"));
            Assert.That(() => LoadedTeacher.FromPretrained(bosless, new PretrainedOptions(), temperature: 1), Throws.InstanceOf<InvalidDataException>().With.Message.Contains("bos_token_id: expected the id"));
            Assert.That(
                () => new Seq2SeqTask(student, new Seq2SeqExamples(Examples), distillation: new Distillation(loaded.Teacher, weight: 1)),
                Throws.ArgumentException.With.Message.Contains($"teacher: expected vocabularies of 61 and 67 tokens (encoder, decoder) as the model has, got {Gemma2Folder.VocabSize}"));
        });
    }

    private static T5GemmaForConditionalGeneration Student() => SampleModel.RandomLM(SampleModel.Config with
    {
        VocabSize = Gemma2Folder.VocabSize,
        Encoder = SampleModel.Config.Encoder with { VocabSize = Gemma2Folder.VocabSize },
        Decoder = SampleModel.Config.Decoder with { VocabSize = Gemma2Folder.VocabSize },
    });

    private static double Loss(T5GemmaForConditionalGeneration student, Seq2SeqExample example, IEnumerable<Tensor> teacher, double weight, double temperature)
    {
        int[] targets = [.. example.Labels.Where(label => label != -100)];
        return teacher.Zip(TeacherSample.Logits(student, example), targets).Sum(item =>
        {
            var (p, q) = (TeacherSample.Probabilities(item.First.data<double>().ToArray(), temperature), TeacherSample.Probabilities(item.Second, temperature));
            var divergence = p.Zip(q, (of, from) => of * Math.Log(of / from)).Sum();
            return (weight * temperature * temperature * divergence) - ((1 - weight) * Math.Log(TeacherSample.Probabilities(item.Second, temperature: 1)[item.Third]));
        });
    }
}
