using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

public sealed class CheckpointLoaderTests
{
    private const string Table = "embed_tokens.weight";
    private static readonly string[] Keys = [Table, "proj.weight", "proj.bias", "proj.steps"];

    private ScratchFolder _folder = null!;
    private DisposeScope _scope = null!;
    private Dictionary<string, Tensor> _stored = null!;

    [SetUp]
    public void MakeTensors()
    {
        _folder = new ScratchFolder();
        _scope = NewDisposeScope();
        _stored = new Dictionary<string, Tensor>
        {
            [Table] = arange(28, dtype: ScalarType.Float32).reshape(7, 4) / 8,
            ["proj.weight"] = arange(12, dtype: ScalarType.Float32).reshape(3, 4) - 5,
            ["proj.bias"] = tensor([0.5f, -1f, 2f]),
            ["proj.steps"] = full(1, 42, dtype: ScalarType.Int64),
        };
    }

    [TearDown]
    public void RemoveAll()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [TestCase(ScalarType.Float32, true)]
    [TestCase(ScalarType.Float32, false)]
    [TestCase(ScalarType.BFloat16, true)]
    [TestCase(ScalarType.Float64, true)]
    public void Load_ExactNames_GivesValuesInTheModulesDType(ScalarType dtype, bool useMemoryMap)
    {
        using var model = new SmallModel(dtype: dtype);

        var report = Load(model, new CheckpointLoadOptions { Strictness = Strictness.Exact, UseMemoryMap = useMemoryMap });

        Assert.That(report.LoadedCount, Is.EqualTo(4));
        Assert.That(report.InitializedKeys.Concat(report.MissingKeys).Concat(report.UnexpectedKeys), Is.Empty);
        foreach (var (key, value) in model.state_dict())
            Assert.That(value.eq(_stored[key].to(value.dtype)).all().item<bool>(), Is.True, key);
        Assert.That(model.named_parameters().All(pair => pair.parameter.dtype == dtype && pair.parameter.requires_grad && pair.parameter.is_leaf), Is.True);
        var ids = tensor([0, 2, 6], dtype: ScalarType.Int64);
        var expected = nn.functional.linear(_stored[Table].to(dtype).index_select(0, ids), _stored["proj.weight"].to(dtype), _stored["proj.bias"].to(dtype));
        Assert.That(model.call(ids).eq(expected).all().item<bool>(), Is.True);
    }

    [Test]
    public void Load_Mapped_TrainsWithoutTouchingTheFile()
    {
        using var model = new SmallModel();
        Load(model, new CheckpointLoadOptions());
        var before = File.ReadAllBytes(_folder["model.safetensors"]);

        using var optimizer = optim.SGD(model.parameters(), 0.1);
        model.call(tensor([1, 2, 3], dtype: ScalarType.Int64)).pow(2).sum().backward();
        optimizer.step();

        var gradient = model.EmbedTokens.weight!.grad!;
        Assert.That(gradient[2].abs().sum().item<float>(), Is.Zero, "the padding row gets no gradient");
        Assert.That(gradient[1].abs().sum().item<float>(), Is.Positive);
        Assert.That(model.EmbedTokens.weight!.eq(_stored[Table]).all().item<bool>(), Is.False);
        Assert.That(File.ReadAllBytes(_folder["model.safetensors"]), Is.EqualTo(before));
    }

    [Test]
    public void Load_ThenConvert_ForwardUsesConvertedTable()
    {
        using var model = new SmallModel();
        Load(model, new CheckpointLoadOptions());

        model.to(ScalarType.BFloat16);

        Assert.That(model.call(tensor([4], dtype: ScalarType.Int64)).dtype, Is.EqualTo(ScalarType.BFloat16));
        Assert.That(model.EmbedTokens.weight!.shape, Is.EqualTo(new long[] { 7, 4 }));
        Assert.That(model.named_parameters().All(pair => pair.parameter.dtype == ScalarType.BFloat16), Is.True);
    }

    [Test]
    public void Load_FrozenParameter_StaysFrozen()
    {
        using var model = new SmallModel();
        model.Proj.Weight.requires_grad = false;

        Load(model, new CheckpointLoadOptions());

        Assert.That(model.Proj.Weight.requires_grad, Is.False);
        Assert.That(model.Proj.Bias.requires_grad, Is.True);
    }

    [TestCase("model.", "")]
    [TestCase("", "model.")]
    public void Load_OtherPrefix_RenamesAndReports(string filePrefix, string modelPrefix)
    {
        using var model = Wrap(modelPrefix);

        var report = Load(model, new CheckpointLoadOptions(), Prefixed(filePrefix));

        Assert.That(report.LoadedCount, Is.EqualTo(4));
        Assert.That(report.RenamedKeys[filePrefix + Table], Is.EqualTo(modelPrefix + Table));
        Assert.That(model.state_dict()[modelPrefix + Table].eq(_stored[Table]).all().item<bool>(), Is.True);
    }

    [Test]
    public void Load_OtherPrefixExact_Throws()
    {
        using var model = Wrap("");

        var exception = Refused(model, new CheckpointLoadOptions { Strictness = Strictness.Exact }, Prefixed("model."));

        Assert.That(exception.MissingKeys, Is.EquivalentTo(Keys));
        Assert.That(exception.UnexpectedKeys, Is.EquivalentTo(Keys.Select(key => "model." + key)));
    }

    [Test]
    public void Load_BothPrefixes_TakesTheExactName()
    {
        using var model = new SmallModel();
        _stored["model." + Table] = zeros(7, 4);

        var report = Load(model, new CheckpointLoadOptions());

        Assert.That(report.UnexpectedKeys, Is.EqualTo(new[] { "model." + Table }));
        Assert.That(model.EmbedTokens.weight!.eq(_stored[Table]).all().item<bool>(), Is.True);
    }

    [Test]
    public void Load_MissingAndMisshapen_ThrowsNamingAllAndLeavesModuleUnchanged()
    {
        using var model = new SmallModel();
        Fill(model, 3);
        _stored.Remove("proj.steps");
        _stored.Remove("proj.bias");
        _stored["proj.weight"] = ones(1);   // TorchSharp's own loading would broadcast it
        _stored["extra"] = ones(1);

        var exception = Refused(model, new CheckpointLoadOptions());

        Assert.That(exception.MissingKeys, Is.EqualTo(new[] { "proj.bias", "proj.steps" }));
        Assert.That(exception.UnexpectedKeys, Is.EqualTo(new[] { "extra" }));
        Assert.That(exception.ShapeMismatches.Single().ToString(), Is.EqualTo("proj.weight: expected [3, 4], got [1]"));
        Assert.That(exception.Message, Does.Contain("proj.bias").And.Contain("proj.weight: expected [3, 4], got [1]").And.Contain(_folder.Path));
        Assert.That(model.parameters().All(parameter => parameter.eq(3).all().item<bool>()), Is.True);
    }

    [Test]
    public void Load_UnexpectedKeys_AreReportedByDefaultAndRefusedByExact()
    {
        using var model = new SmallModel();
        _stored["decoder.extra"] = ones(1);

        Assert.That(Load(model, new CheckpointLoadOptions()).UnexpectedKeys, Is.EqualTo(new[] { "decoder.extra" }));
        Assert.That(Refused(model, new CheckpointLoadOptions { Strictness = Strictness.Exact }).UnexpectedKeys, Is.EqualTo(new[] { "decoder.extra" }));
    }

    [Test]
    public void Load_FreshKeysMissing_AreReportedByDefaultAndRefusedByExact()
    {
        using var model = new SmallModel();
        Fill(model, 3);
        _stored.Remove("proj.bias");
        var options = new CheckpointLoadOptions { FreshKeys = key => key == "proj.bias" };

        var report = Load(model, options);

        Assert.That(report.InitializedKeys, Is.EqualTo(new[] { "proj.bias" }));
        Assert.That(report.MissingKeys, Is.EqualTo(new[] { "proj.bias" }));
        Assert.That(report.LoadedCount, Is.EqualTo(3));
        Assert.That(model.Proj.Bias.eq(3).all().item<bool>(), Is.True, "the caller initialises it");
        Assert.That(Refused(model, options with { Strictness = Strictness.Exact }).MissingKeys, Is.EqualTo(new[] { "proj.bias" }));
    }

    [Test]
    public void Load_Lenient_CollectsMissingAndMismatchedForInitialization()
    {
        using var model = new SmallModel();
        Fill(model, 3);
        _stored.Remove("proj.bias");
        _stored["proj.weight"] = ones(3, 5);
        _stored["proj.steps"] = ones(1, dtype: ScalarType.Float32);

        var report = Load(model, new CheckpointLoadOptions { Strictness = Strictness.Lenient });

        Assert.That(report.MissingKeys, Is.EqualTo(new[] { "proj.bias" }));
        Assert.That(report.ShapeMismatches.Single().Key, Is.EqualTo("proj.weight"));
        Assert.That(report.DTypeMismatches.Single().ToString(), Is.EqualTo("proj.steps: expected Int64, got Float32"));
        Assert.That(report.InitializedKeys, Is.EquivalentTo(new[] { "proj.bias", "proj.weight", "proj.steps" }));
        Assert.That(report.LoadedCount, Is.EqualTo(1));
        Assert.That(model.Proj.Weight.eq(3).all().item<bool>(), Is.True);
    }

    [Test]
    public void Load_IntegersForFloats_Throws()
    {
        using var model = new SmallModel();
        _stored["proj.bias"] = ones(3, dtype: ScalarType.Int64);

        var exception = Refused(model, new CheckpointLoadOptions());

        Assert.That(exception.DTypeMismatches.Single().Key, Is.EqualTo("proj.bias"));
    }

    [TestCase(Strictness.Default)]
    [TestCase(Strictness.Exact)]
    public void Load_RotaryFrequencies_AreIgnoredSilently(Strictness strictness)
    {
        using var model = new SmallModel();
        _stored["layers.0.rotary_emb.inv_freq"] = ones(2);

        Assert.That(Load(model, new CheckpointLoadOptions { Strictness = strictness }).UnexpectedKeys, Is.Empty);
    }

    [Test]
    public void Load_ModuleOnMetaDevice_Throws()
    {
        using var model = new SmallModel(device: META);

        Assert.That(() => Load(model, new CheckpointLoadOptions()), Throws.ArgumentException.With.Message.Contains("meta device"));
    }

    [Test]
    public void Load_AndRefuse_LeaveLiveTensorsUnchanged()
    {
        using var model = new SmallModel();
        using var halfModel = new SmallModel(dtype: ScalarType.BFloat16);
        new CheckpointWriter().Write(_folder.Path, _stored);
        using var broken = new ScratchFolder();
        new CheckpointWriter().Write(broken.Path, new Dictionary<string, Tensor> { [Table] = _stored[Table], ["alias"] = _stored["proj.weight"] });
        var aliases = new CheckpointLoadOptions { TiedAliases = new Dictionary<string, string> { ["alias"] = Table } };
        var live = LiveTensors.Count;

        using (var reader = CheckpointReader.Open(_folder.Path))
        {
            CheckpointLoader.Load(model, reader, new CheckpointLoadOptions());
            CheckpointLoader.Load(halfModel, reader, new CheckpointLoadOptions());
        }

        using (var reader = CheckpointReader.Open(broken.Path))
            Assert.Throws<CheckpointMismatchException>(() => CheckpointLoader.Load(model, reader, aliases));

        Assert.That(LiveTensors.Count, Is.EqualTo(live));
    }

    private static nn.Module Wrap(string prefix) =>
        prefix.Length == 0 ? new SmallModel() : nn.Sequential((prefix.TrimEnd('.'), new SmallModel()));

    private Dictionary<string, Tensor> Prefixed(string prefix) => _stored.ToDictionary(pair => prefix + pair.Key, pair => pair.Value);

    private LoadReport Load(nn.Module model, CheckpointLoadOptions options, Dictionary<string, Tensor>? stored = null)
    {
        new CheckpointWriter().Write(_folder.Path, stored ?? _stored);
        using var reader = CheckpointReader.Open(_folder.Path);
        return CheckpointLoader.Load(model, reader, options);
    }

    private CheckpointMismatchException Refused(nn.Module model, CheckpointLoadOptions options, Dictionary<string, Tensor>? stored = null) =>
        Assert.Throws<CheckpointMismatchException>(() => Load(model, options, stored))!;

    private static void Fill(nn.Module model, float value)
    {
        using var noGrad = no_grad();
        foreach (var parameter in model.parameters())
            parameter.fill_(value);
    }
}
