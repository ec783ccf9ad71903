using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Training.Objectives;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Tasks;
using T5GemmaSharp.Training.Teachers;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Teachers;

public sealed class StoredTeacherTests
{
    private const int VocabSize = 67; // of the sample's decoder

    private static readonly int[] Batch = [2, 0, 3, 1]; // in another order than that of the file

    private static readonly StoredTeacherOptions Exact = new() { TopK = VocabSize, DType = ScalarType.Float32, Epochs = 2, BatchSize = 2, ChunkSize = 2 };

    private readonly ScratchFolder _folder = new();
    private readonly T5GemmaForConditionalGeneration _model = SampleModel.RandomLM();
    private readonly T5GemmaForConditionalGeneration _teacher = SampleModel.RandomLM(TeacherSample.TeacherConfig);

    private string Path => _folder["teacher.safetensors"];

    [OneTimeTearDown]
    public void Dispose()
    {
        _folder.Dispose();
        _model.Dispose();
        _teacher.Dispose();
    }

    [Test]
    public void Backward_WholeVocabulary_EqualsTheTeacherItself([Values(1, 0.3)] double weight, [Values(1, 2.5)] double temperature, [Values] bool isSegmented, [Values(2, 1000)] int chunkSize)
    {
        using var scope = NewDisposeScope();
        using var stored = TeacherSample.Store(Path, _teacher, temperature, Exact);
        var (expected, expectedGradients) = TeacherSample.Backward(_model, new Distillation(_teacher, weight, temperature), epoch: 0, Batch, chunkSize, isSegmented);
        var (actual, gradients) = TeacherSample.Backward(_model, new Distillation(stored, weight), epoch: 0, Batch, chunkSize, isSegmented);
        var norm = Math.Sqrt(expectedGradients.Values.Sum(gradient => Math.Pow(gradient.norm().item<float>(), 2)));
        Assert.Multiple(() =>
        {
            Assert.That(actual, Is.EqualTo(expected).Within(1e-4).Percent);
            foreach (var (name, gradient) in expectedGradients)
                Assert.That((gradients[name] - gradient).norm().item<float>() / norm, Is.LessThan(1e-6), name);
        });
    }

    [Test]
    public void Backward_FewTokens_EqualsTheirDivergenceWithABucketForTheRest([Values(1, 5, 66)] int topK, [Values(1, 0.3)] double weight, [Values(1, 2.5)] double temperature)
    {
        using var scope = NewDisposeScope();
        using var stored = TeacherSample.Store(Path, _teacher, temperature, Exact with { TopK = topK });
        var (actual, _) = TeacherSample.Backward(_model, new Distillation(stored, weight), epoch: 0, Batch);
        Assert.That(actual, Is.EqualTo(Expected(topK, weight, temperature)).Within(1e-3).Percent);
    }

    [Test]
    public void Backward_Float16_EqualsThatOfTheRoundedLogarithms()
    {
        using var scope = NewDisposeScope();
        using var half = TeacherSample.Store(_folder["half"], _teacher, temperature: 1, Exact with { TopK = 5, DType = ScalarType.Float16 });
        TeacherSample.Store(Path, _teacher, temperature: 1, Exact with { TopK = 5 }).Dispose();
        using var exactFile = SafetensorsFile.Open(Path);
        using var halfFile = SafetensorsFile.Open(_folder["half"]);
        var (exact, rounded) = (exactFile.Read("log_probs"), halfFile.Read("log_probs"));
        Assert.That(rounded.Equals(exact.to(ScalarType.Float16)) && !rounded.to(ScalarType.Float32).Equals(exact), Is.True);

        var tensors = halfFile.Entries.ToDictionary(entry => entry.Name, entry => halfFile.Read(entry.Name));
        tensors["log_probs"] = rounded.to(ScalarType.Float32);
        SafetensorsWriter.Write(_folder["widened"], tensors, halfFile.Metadata);
        using var widened = StoredTeacher.Open(_folder["widened"]);
        Assert.That(TeacherSample.Backward(_model, new Distillation(half), epoch: 0, Batch).Loss, Is.EqualTo(TeacherSample.Backward(_model, new Distillation(widened), epoch: 0, Batch).Loss));
    }

    [TestCase(0, 2)]
    [TestCase(1, 3)]
    public void Prepare_MoreEpochsThanTheFile_BeginsAgain(int stored, int asked)
    {
        using var scope = NewDisposeScope();
        using var file = TeacherSample.Store(Path, _teacher, temperature: 1, Exact);
        var repeated = TeacherSample.Backward(_model, new Distillation(file), asked, [1, 2]);
        var first = TeacherSample.Backward(_model, new Distillation(file), stored, [1, 2]);
        var direct = TeacherSample.Backward(_model, new Distillation(_teacher), stored, [1, 2]);
        Assert.Multiple(() =>
        {
            Assert.That(repeated.Loss, Is.EqualTo(first.Loss));
            Assert.That(first.Loss, Is.EqualTo(direct.Loss).Within(1e-4).Percent);
        });
    }

    [Test]
    public void Write_AnyBatches_TokensAndRestAreTheWholeProbability([Values(1, 3)] int batchSize)
    {
        using var scope = NewDisposeScope();
        TeacherSample.Store(Path, _teacher, temperature: 2, Exact with { TopK = 4, BatchSize = batchSize }).Dispose();
        using var file = SafetensorsFile.Open(Path);
        var starts = file.Read("example_starts").data<long>().ToArray();
        var sums = file.Read("log_probs").exp().sum(-1) + file.Read("log_rest").exp();
        Assert.Multiple(() =>
        {
            Assert.That(starts, Is.EqualTo(new[] { 0, 3, 6, 7, 7, 11, 13, 15 }));
            Assert.That(file.Read("epoch_starts").data<long>().ToArray(), Is.EqualTo(new[] { 0, 4, 7 }));
            Assert.That(sums.data<float>().ToArray(), Has.Length.EqualTo(15).And.All.EqualTo(1).Within(1e-5));
            Assert.That(file.Metadata["temperature"], Is.EqualTo("2"));
        });
        var likeliest = TeacherSample.Instance[1, 0] is var example ? TeacherSample.Logits(_teacher, example).Select(logits => Array.IndexOf(logits, logits.Max())) : [];
        Assert.That(file.Read("ids").narrow(0, 7, 4).select(1, 0).data<int>().ToArray(), Is.EqualTo(likeliest));
    }

    [Test]
    public void Write_Twice_IsTheSameFile_AndAnotherTeacherAnotherDigest()
    {
        string digest;
        using (var first = TeacherSample.Store(Path, _teacher, temperature: 1, Exact))
            digest = first.Digest;
        var bytes = File.ReadAllBytes(Path);
        TeacherSample.Store(Path, _teacher, temperature: 1, Exact).Dispose();
        Assert.That(File.ReadAllBytes(Path), Is.EqualTo(bytes));
        using var other = TeacherSample.Store(Path, _model, temperature: 1, Exact);
        Assert.That(other.Digest, Is.Not.EqualTo(digest));
    }

    [Test]
    public void Write_Cancelled_LeavesTheOlderFileAlone()
    {
        File.WriteAllText(_folder["older"], "older");
        using var cancellation = new CancellationTokenSource();
        var source = new CancellingSource(cancellation, reads: 9); // those of the first pass are 7
        Assert.That(
            () => StoredTeacherWriter.Write(_folder["older"], new T5GemmaTeacher(_teacher, temperature: 1), source, TeacherSample.Vocabulary, Exact, cancellation.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(File.ReadAllText(_folder["older"]), Is.EqualTo("older"));
        Assert.That(Directory.EnumerateFiles(_folder.Path).Select(System.IO.Path.GetFileName), Has.None.Contains(".tmp"));
    }

    [TestCase(0)]
    [TestCase(68)]
    public void Write_ImpossibleTopK_Throws(int topK)
        => Assert.That(() => TeacherSample.Store(Path, _teacher, temperature: 1, Exact with { TopK = topK }), Throws.ArgumentException.With.Message.Contains($"top-k: expected 1 to the teacher's 67 tokens, got {topK}"));

    [Test]
    public void Open_CutFile_IsNamed()
    {
        TeacherSample.Store(Path, _teacher, temperature: 1, Exact).Dispose();
        _folder.WriteBytes(File.ReadAllBytes(Path)[..^40], "cut");
        Assert.That(() => StoredTeacher.Open(_folder["cut"]), Throws.InstanceOf<SafetensorsFormatException>().With.Message.Contains("FileTruncated").And.Message.Contains(_folder["cut"]));
    }

    [Test]
    public void Prepare_FileCutAfterItWasOpened_IsNamed()
    {
        using var stored = TeacherSample.Store(_folder["shrinking"], _teacher, temperature: 1, Exact);
        using (var file = new FileStream(_folder["shrinking"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(file.Length / 2);
        Assert.That(() => stored.Rows(epoch: 1, [0, 1, 2]), Throws.InstanceOf<SafetensorsFormatException>().With.Message.Contains("FileTruncated"));
    }

    [Test]
    public void Open_OtherFile_IsNamed()
    {
        SafetensorsWriter.Write(_folder["other"], new Dictionary<string, Tensor> { ["ids"] = zeros(1) });
        Assert.That(() => StoredTeacher.Open(_folder["other"]), Throws.InstanceOf<InvalidDataException>().With.Message.Contains("kind: expected t5gemma-teacher-top-k").And.Message.Contains("got none"));
    }

    [TestCase("version", "2", "version: expected 1, as distill-targets writes it, got 2")]
    [TestCase("vocab_size", "many", "vocab_size, temperature: expected numbers, got 'many' and '1'")]
    [TestCase("vocab_size", "66", "expected the tensors of distill-targets")] // fewer than the tokens that are kept
    public void Open_OtherMetadata_IsNamed(string key, string value, string message)
    {
        using var scope = NewDisposeScope();
        TeacherSample.Store(Path, _teacher, temperature: 1, Exact).Dispose();
        using var file = SafetensorsFile.Open(Path);
        SafetensorsWriter.Write(_folder["changed"], file.Entries.ToDictionary(entry => entry.Name, entry => file.Read(entry.Name)), new Dictionary<string, string>(file.Metadata) { [key] = value });
        Assert.That(() => StoredTeacher.Open(_folder["changed"]), Throws.InstanceOf<InvalidDataException>().With.Message.Contains(message));
    }

    [TestCase("log_rest")]
    [TestCase("ids")]
    [TestCase("digest")]
    public void Open_MissingTensor_IsNamed(string name)
    {
        using var scope = NewDisposeScope();
        TeacherSample.Store(Path, _teacher, temperature: 1, Exact).Dispose();
        using var file = SafetensorsFile.Open(Path);
        SafetensorsWriter.Write(_folder["less"], file.Entries.Where(entry => entry.Name != name).ToDictionary(entry => entry.Name, entry => file.Read(entry.Name)), file.Metadata);
        Assert.That(() => StoredTeacher.Open(_folder["less"]), Throws.InstanceOf<InvalidDataException>().With.Message.Contains("expected the tensors of distill-targets, got"));
    }

    [Test]
    public void Create_OtherExamples_Throws()
    {
        using var stored = TeacherSample.Store(Path, _teacher, temperature: 1, Exact with { Epochs = 1 });
        var sample = TeacherSample.Instance;
        Seq2SeqExample[] same = [.. Enumerable.Range(0, 4).Select(index => sample[0, index])];
        Assert.Multiple(() =>
        {
            Assert.That(() => Create([.. same[..3], new([8, 6], [-100, -100])]), Refusal("4 examples, 7 targets")); // another source
            Assert.That(() => Create([.. same[..3], new([8, 7], [-100, 5])]), Refusal("4 examples, 8 targets"));
            Assert.That(() => Create([.. same, same[0]]), Refusal("5 examples, 10 targets"));
            Assert.That(() => Create([same[1], same[0], same[2], same[3]]), Refusal("4 examples, 7 targets")); // another order
            Assert.That(() => Create(same), Throws.Nothing);
        });

        Seq2SeqTask Create(Seq2SeqExample[] examples) => new(_model, new Seq2SeqExamples(examples), distillation: new Distillation(stored));

        NUnit.Framework.Constraints.Constraint Refusal(string counts) => Throws.InstanceOf<InvalidDataException>().With.Message.Contains($"{Path}: expected a teacher of these data ({counts}");
    }

    [Test]
    public void Create_OtherVocabulary_Throws()
    {
        using var stored = TeacherSample.Store(Path, _teacher, temperature: 1, Exact with { TopK = 3 });
        using var other = SampleModel.RandomLM(SampleModel.Config with { VocabSize = 70, Decoder = SampleModel.Config.Decoder with { VocabSize = 70 } });
        Assert.Multiple(() =>
        {
            Assert.That(() => new Seq2SeqTask(other, TeacherSample.Instance, distillation: new Distillation(stored)), Throws.ArgumentException.With.Message.Contains("vocab_size: expected the 70 of the model's decoder, got 67"));
            Assert.That(() => stored.Check(UnusedTokenTokenizer.Instance), Throws.InstanceOf<InvalidDataException>().With.Message.Contains("tokenizer: expected a teacher with the model's tokens"));
        });
    }

    [Test]
    public void Backward_Repeated_LeavesNoTensors()
    {
        using var stored = TeacherSample.Store(Path, _teacher, temperature: 1, Exact with { TopK = 5 });
        var task = new Seq2SeqTask(_model, TeacherSample.Instance, distillation: new Distillation(stored, weight: 0.5));
        task.Backward(task.Prepare(epoch: 0, Batch), seed: 1).Dispose(); // makes the gradients
        LiveTensors.AssertNothingLeft(() => task.Backward(task.Prepare(epoch: 0, Batch), seed: 1).Dispose());
        LiveTensors.AssertNothingLeft(() => TeacherSample.Store(Path, _teacher, temperature: 1, Exact with { TopK = 5 }).Dispose());
    }

    // In double precision, one example at a time, the bucket as one minus what is in the list.
    private double Expected(int topK, double weight, double temperature)
    {
        var total = 0.0;
        foreach (var example in Batch.Select(index => TeacherSample.Instance[0, index]))
        {
            int[] targets = [.. example.Labels.Where(label => label != -100)];
            var (teacher, model) = (TeacherSample.Logits(_teacher, example), TeacherSample.Logits(_model, example));
            for (var target = 0; target < targets.Length; target++)
            {
                var (p, q) = (TeacherSample.Probabilities(teacher[target], temperature), TeacherSample.Probabilities(model[target], temperature));
                int[] kept = [.. Enumerable.Range(0, p.Length).OrderByDescending(id => p[id]).Take(topK)];
                var (rest, modelRest) = (1 - kept.Sum(id => p[id]), 1 - kept.Sum(id => q[id]));
                var divergence = kept.Sum(id => p[id] * Math.Log(p[id] / q[id])) + (rest * Math.Log(rest / modelRest));
                total += (weight * temperature * temperature * divergence) - ((1 - weight) * Math.Log(TeacherSample.Probabilities(model[target], temperature: 1)[targets[target]]));
            }
        }

        return total;
    }

    /// <summary>The sample's examples, whose reader is asked to stop after some.</summary>
    private sealed class CancellingSource(CancellationTokenSource cancellation, int reads) : IExampleSource<Seq2SeqExample>
    {
        private int _read;

        public Seq2SeqExample this[int epoch, int index]
        {
            get
            {
                if (++_read == reads)
                    cancellation.Cancel();
                return TeacherSample.Instance[epoch, index];
            }
        }

        public int CountOf(int epoch) => TeacherSample.Instance.CountOf(epoch);

        public ExampleLength LengthOf(int epoch, int index) => TeacherSample.Instance.LengthOf(epoch, index);
    }
}
