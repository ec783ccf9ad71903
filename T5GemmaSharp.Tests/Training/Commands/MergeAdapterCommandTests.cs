using NUnit.Framework;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Tests.Adapters;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Training.Generation;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Commands;

public sealed class MergeAdapterCommandTests
{
    private readonly AnsweringModel _model = new();
    private string _adapter = "";
    private string _plainAnswer = "";
    private string _adaptedAnswer = "";

    [OneTimeSetUp]
    public void SaveAdapter()
    {
        _adapter = _model["adapter"];
        _plainAnswer = Ids();
        using var adapter = AnyAdapter.Trained(_model.Model, new LoraConfig { R = 3, LoraAlpha = 6, UseDora = true });
        adapter.SavePretrained(_adapter);
        _adaptedAnswer = Ids();
    }

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    [Test]
    public void Run_LanguageModel_WritesAFolderThatGenerates()
    {
        using var folder = new ScratchFolder();
        var merged = folder["merged"];
        var (code, output, errors) = CommandRun.Of("merge-adapter", "--model", _model.Folder, "--adapter", _adapter, "--out", merged);
        Assert.That((code, output, errors), Is.EqualTo((0, $"{merged}\n", "")));
        Assert.That(Directory.GetFiles(merged).Select(Path.GetFileName), Is.EquivalentTo(new[] { "config.json", "generation_config.json", "model.safetensors", "tokenizer.json" }));
        Assert.That(Generate("--model", merged), Does.Contain(_adaptedAnswer));
        Assert.That(_adaptedAnswer, Is.Not.EqualTo(_plainAnswer));
    }

    [Test]
    public void Generate_Adapter_AnswersAsTheMergedModel()
    {
        Assert.That(Generate("--model", _model.Folder, "--adapter", _adapter), Does.Contain(_adaptedAnswer));
        Assert.That(Generate("--model", _model.Folder), Does.Contain(_plainAnswer));
    }

    [Test]
    public void Run_ClassifierOnACheckpointWithoutHead_HasTheHeadOfTheAdapter()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var folder = new ScratchFolder();
        var (baseFolder, adapterFolder, merged) = (folder["base"], folder["adapter"], folder["merged"]);
        using (var lm = SampleModel.RandomLM())
            lm.SavePretrained(baseFolder);
        using var model = T5GemmaForSequenceClassification.FromPretrained(baseFolder, new() { NumLabels = 5 });
        using var adapter = AnyAdapter.Trained(model, new LoraConfig { R = 2 });
        adapter.SavePretrained(adapterFolder);
        var expected = model.call(SampleModel.Inputs(model)).Logits;
        Assert.That(CommandRun.Of("merge-adapter", "--model", baseFolder, "--adapter", adapterFolder, "--out", merged).Code, Is.Zero);
        using var loaded = T5GemmaForSequenceClassification.FromPretrained(merged);
        Assert.That((loaded.Config.NumLabels, loaded.LoadReport!.MissingKeys.Count, loaded.LoadReport.UnexpectedKeys.Count), Is.EqualTo((5, 0, 0)));
        TensorAssert.Close(loaded.call(SampleModel.Inputs(loaded)).Logits, expected, 1e-4, "float32: the merged product is rounded otherwise");
    }

    [TestCase("nowhere", "--model", "nowhere", "--adapter", "ADAPTER", "--out", "OUT")]
    [TestCase("nowhere", "--model", "MODEL", "--adapter", "nowhere", "--out", "OUT")]
    [TestCase("it holds something", "--model", "MODEL", "--adapter", "ADAPTER", "--out", "MODEL")]
    [TestCase("--out", "--model", "MODEL", "--adapter", "ADAPTER")]
    [TestCase("--adapter", "--model", "MODEL", "--out", "OUT")]
    public void Run_BadUsage_SaysWhatAndLeavesNothing(string expected, params string[] arguments)
    {
        using var folder = new ScratchFolder();
        var paths = new Dictionary<string, string> { ["MODEL"] = _model.Folder, ["ADAPTER"] = _adapter, ["OUT"] = folder["out"] };
        CommandRun.AssertRefused(CommandRun.Of(["merge-adapter", .. arguments.Select(argument => paths.GetValueOrDefault(argument, argument))]), expected);
        Assert.That(Directory.EnumerateFileSystemEntries(folder.Path), Is.Empty);
    }

    [Test]
    public void Generate_AdapterOfAnotherModel_SaysWhatDiffers()
    {
        using var folder = new ScratchFolder();
        using (var other = SampleModel.RandomLM(SampleModel.Config with { Encoder = SampleModel.Config.Encoder with { HiddenSize = 28 } }))
        {
            using var adapter = LoraAdapter.Attach(other, new LoraConfig());
            adapter.SavePretrained(folder["adapter"]);
        }

        CommandRun.AssertRefused(CommandRun.Of("generate", "--model", _model.Folder, "--device", "cpu", "--adapter", folder["adapter"], "abcd"), "expected [8, 24], got [8, 28]");
    }

    private static string Generate(params string[] arguments)
    {
        var (code, output, errors) = CommandRun.Of(["generate", .. arguments, "--device", "cpu", "--json", "--max-new-tokens", $"{AnsweringModel.NewTokens}", "--eos-token-id", "none", "abcd"]);
        Assert.That((code, errors), Is.EqualTo((0, "")));
        return output;
    }

    private string Ids() => $"\"ids\":[{string.Join(",", _model.Greedy(_model.Tokenizer.Encode("abcd")))}]";
}
