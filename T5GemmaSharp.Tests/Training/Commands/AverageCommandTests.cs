using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Training.Checkpointing;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Commands;

[NonParallelizable] // the verb prints to the console
public sealed class AverageCommandTests
{
    private readonly ScratchFolder _folder = new();

    private string Result => _folder["mean"];

    [OneTimeTearDown]
    public void DisposeFolder() => _folder.Dispose();

    [TearDown]
    public void Clear() => Directory.EnumerateDirectories(_folder.Path).ToList().ForEach(folder => Directory.Delete(folder, recursive: true));

    [TestCase(ScalarType.Float32, null)]
    [TestCase(ScalarType.BFloat16, null)]
    [TestCase(ScalarType.Float32, "0.5 2 1.5")]
    public void Run_ThreeModels_WritesTheirMeanInTheirDType(ScalarType dtype, string? weights)
    {
        string[] models = [Write("a", dtype, shift: 0), Write("b", dtype, shift: 0.7), Write("c", dtype, shift: -0.2)];
        double[] factors = weights is null ? [1, 1, 1] : [0.5, 2, 1.5];
        string[] given = weights is null ? [] : ["--weights", .. weights.Split(' ')];
        var run = CommandRun.Of(["average", "--models", .. models, "--out", Result, .. given]);
        Assert.That((run.Code, run.Output, run.Errors), Is.EqualTo((0, $"{Result}\n", "")));
        using var scope = NewDisposeScope();
        using var mean = CheckpointReader.Open(Result);
        var readers = models.Select(CheckpointReader.Open).ToArray();
        Assert.Multiple(() =>
        {
            Assert.That(mean.Keys, Is.EquivalentTo(readers[0].Keys));
            foreach (var key in mean.Keys)
            {
                var expected = readers.Select((reader, index) => reader.Read(key).to(ScalarType.Float64) * factors[index]).Aggregate((sum, next) => sum + next) / factors.Sum();
                var actual = mean.Read(key);
                Assert.That(actual.dtype, Is.EqualTo(dtype), key);
                var spacing = dtype == ScalarType.Float32 ? Math.Pow(2, -23) : Math.Pow(2, -8); // half a unit of bfloat16, two roundings of float32
                Assert.That(((actual.to(ScalarType.Float64) - expected).abs() / (expected.abs() + 0.1)).max().item<double>(), Is.LessThan(2 * spacing), key);
            }
        });
        Array.ForEach(readers, reader => reader.Dispose());
        Assert.That(Directory.GetFiles(Result).Select(Path.GetFileName), Is.EquivalentTo(new[] { "config.json", "generation_config.json", "model.safetensors", "tokenizer.json" }));
        using var loaded = T5GemmaForConditionalGeneration.FromPretrained(Result, new PretrainedOptions { Strictness = Strictness.Exact });
    }

    [Test]
    public void Run_LastOfARun_AveragesTheNewestCheckpoints()
    {
        var run = _folder["run"];
        string[] checkpoints = [.. new[] { 2, 10, 9 }.Select(step => Write(Path.Combine("run", $"checkpoint-{step}"), ScalarType.Float32, shift: step))];
        var half = Directory.CreateDirectory(Path.Combine(run, "checkpoint-11.0.tmp")); // of a run that goes on
        Assert.That(CommandRun.Of("average", "--run", run, "--last", "2", "--out", Result).Code, Is.Zero);
        Assert.That(CommandRun.Of("average", "--models", checkpoints[1], checkpoints[2], "--out", _folder["same"]).Code, Is.Zero);
        Assert.That(File.ReadAllBytes(Path.Combine(Result, CheckpointFiles.Single)), Is.EqualTo(File.ReadAllBytes(Path.Combine(_folder["same"], CheckpointFiles.Single))));
        Assert.That(half.Exists, Is.True);
        CommandRun.AssertRefused(CommandRun.Of("average", "--run", run, "--last", "4", "--out", _folder["more"]), "--last: expected at most the 3 checkpoints");
        Assert.That(TrainingCheckpoints.In(run).Select(Path.GetFileName), Is.EqualTo(new[] { "checkpoint-2", "checkpoint-9", "checkpoint-10" }));
    }

    [Test]
    public void Run_OtherShapes_AreAllNamedAndNothingIsWritten()
    {
        var first = Write("a", ScalarType.Float32, shift: 0);
        var narrow = Write("b", ScalarType.Float32, shift: 0, SampleModel.Config with { Decoder = SampleModel.Config.Decoder with { IntermediateSize = 30 } });
        var half = Write("c", ScalarType.BFloat16, shift: 0, SampleModel.Config with { TieWordEmbeddings = false });
        var run = CommandRun.Of("average", "--models", first, narrow, half, "--out", Result);
        CommandRun.AssertRefused(run, "decoder.intermediate_size: expected 28, got 30");
        Assert.Multiple(() =>
        {
            Assert.That(run.Errors, Does.Contain("model.decoder.layers.1.mlp.up_proj.weight: expected Float32 [28, 20], got Float32 [30, 20]"));
            Assert.That(run.Errors, Does.Contain($"{half}: lm_head.out_proj.weight is not in {first}"));
            Assert.That(run.Errors, Does.Contain("model.encoder.norm.weight: expected Float32 [24], got BFloat16 [24]"));
            Assert.That(Directory.Exists(Result), Is.False);
        });
    }

    [TestCase("at least two folders, got 1", "--models", "A")]
    [TestCase("got neither")]
    [TestCase("got both", "--models", "A", "A", "--run", "A", "--last", "2")]
    [TestCase("--run: expected together with --last", "--run", "A")]
    [TestCase("--last: expected at least 2, got 1", "--run", "A", "--last", "1")]
    [TestCase("--weights: expected 2, one for each model, got 1", "--models", "A", "A", "--weights", "1")]
    [TestCase("--weights: expected a number, got 'x'", "--models", "A", "A", "--weights", "1", "x")]
    [TestCase("expected numbers from 0, got -1", "--models", "A", "A", "--weights", "2", "-1")]
    [TestCase("expected a finite sum above 0, got 0", "--models", "A", "A", "--weights", "0", "0")]
    [TestCase("nowhere", "--models", "A", "nowhere")]
    public void Run_BadUsage_SaysWhat(string expected, params string[] arguments)
    {
        var model = Write("a", ScalarType.Float32, shift: 0);
        CommandRun.AssertRefused(CommandRun.Of(["average", "--out", Result, .. arguments.Select(argument => argument == "A" ? model : argument)]), expected);
        Assert.That(Directory.Exists(Result), Is.False);
    }

    private string Write(string name, ScalarType dtype, double shift, T5GemmaConfig? config = null)
    {
        var target = _folder[name];
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM(config ?? SampleModel.Config);
        using (no_grad())
        {
            foreach (var parameter in model.parameters())
                parameter.mul_(1 + shift).add_(shift);
        }

        model.to(dtype);
        model.SavePretrained(target);
        File.WriteAllText(Path.Combine(target, "tokenizer.json"), TinyTokenizer.Json().ToJsonString());
        return target;
    }
}
