using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

/// <summary>Folders whose tensors do not fit their configuration.</summary>
public sealed class PretrainedMismatchTests
{
    private const string Missing = "model.decoder.layers.1.cross_attn.k_proj.weight";
    private const string MissingNorm = "model.encoder.layers.0.post_feedforward_layernorm.weight";
    private const string Misshaped = "model.encoder.layers.2.mlp.down_proj.weight";
    private const string Integer = "model.encoder.norm.weight";

    private ScratchFolder _folder = null!;
    private DisposeScope _scope = null!;
    private T5GemmaForConditionalGeneration _source = null!;
    private Dictionary<string, Tensor> _stored = null!;

    [SetUp]
    public void SaveModel()
    {
        _folder = new ScratchFolder();
        _scope = NewDisposeScope();
        _source = SampleModel.RandomLM();
        _source.SavePretrained(_folder.Path);
        _stored = ParameterAssert.Parameters(_source);
    }

    [TearDown]
    public void RemoveAll()
    {
        _source.Dispose();
        _scope.Dispose();
        _folder.Dispose();
    }

    [TestCase(Strictness.Default)]
    [TestCase(Strictness.Exact)]
    public void FromPretrained_SeveralFaults_NamesAll(Strictness strictness)
    {
        Damage();
        var refused = Assert.Throws<CheckpointMismatchException>(() => Load(strictness))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.MissingKeys, Is.EquivalentTo(new[] { Missing, MissingNorm }));
            Assert.That(refused.ShapeMismatches.Single().ToString(), Is.EqualTo($"{Misshaped}: expected [24, 40], got [40, 24]"));
            Assert.That(refused.DTypeMismatches.Single().Key, Is.EqualTo(Integer));
            Assert.That(refused.UnexpectedKeys, Is.EqualTo(new[] { "model.extra.weight" }));
            Assert.That(refused.Message, Does.Contain(_folder.Path).And.Contain(Missing).And.Contain(MissingNorm).And.Contain(Misshaped).And.Contain(Integer).And.Contain("model.extra.weight"));
        }
    }

    [Test]
    public void FromPretrained_Lenient_InitialisesWhatDoesNotFit()
    {
        Damage();
        using var loaded = Load(Strictness.Lenient);
        var parameters = ParameterAssert.Parameters(loaded);
        var report = loaded.LoadReport!; // the model was loaded
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.InitializedKeys, Is.EquivalentTo(new[] { Missing, MissingNorm, Misshaped, Integer }));
            Assert.That(report.LoadedCount, Is.EqualTo(parameters.Count - 4));
            Assert.That(parameters[MissingNorm].count_nonzero().item<long>() + parameters[Integer].count_nonzero().item<long>(), Is.Zero, "a fresh norm is zero");
            foreach (var key in new[] { Missing, Misshaped })
                Assert.That(parameters[key].std().item<float>(), Is.EqualTo(0.02f).Within(0.003f), key);
        }
        foreach (var (name, parameter) in parameters.Where(pair => !report.InitializedKeys.Contains(pair.Key)))
            ParameterAssert.Equal(parameter, _stored[name], name);
    }

    [Test]
    public void FromPretrained_UnexpectedTensor_IsReportedButNotExact()
    {
        _stored["model.extra.weight"] = ones(2);
        using var loaded = Load(Strictness.Default);
        Assert.That(loaded.LoadReport!.UnexpectedKeys, Is.EqualTo(new[] { "model.extra.weight" })); // the model was loaded
        Assert.That(() => Load(Strictness.Exact), Throws.TypeOf<CheckpointMismatchException>());
    }

    [Test]
    public void FromPretrained_TensorThatWouldBroadcast_IsRefused()
    {
        _stored[Integer] = ones(1);
        Assert.That(Assert.Throws<CheckpointMismatchException>(() => Load(Strictness.Default))!.ShapeMismatches.Single().Actual, Is.EqualTo(new long[] { 1 }));
    }

    [Test]
    public void FromPretrained_WiderConfiguration_NamesEveryTensorOfThatWidth()
    {
        var wider = _source.Config with { Encoder = _source.Config.Encoder with { IntermediateSize = 41 } };
        File.WriteAllText(_folder["config.json"], wider.ToJson());
        var refused = Assert.Throws<CheckpointMismatchException>(() => T5GemmaForConditionalGeneration.FromPretrained(_folder.Path))!;
        Assert.That(refused.ShapeMismatches, Has.Count.EqualTo(3 * 3).And.All.Matches<ShapeMismatch>(mismatch => mismatch!.Key.Contains(".mlp.", StringComparison.Ordinal)));
    }

    [Test]
    public void FromPretrained_DeeperConfiguration_NamesTheMissingLayer()
    {
        var deeper = _source.Config with { Decoder = _source.Config.Decoder with { NumHiddenLayers = 3, LayerTypes = null } };
        File.WriteAllText(_folder["config.json"], deeper.ToJson());
        var refused = Assert.Throws<CheckpointMismatchException>(() => T5GemmaForConditionalGeneration.FromPretrained(_folder.Path))!;
        Assert.That(refused.MissingKeys, Has.Count.EqualTo(17).And.All.StartsWith("model.decoder.layers.2."));
    }

    private void Damage()
    {
        _stored.Remove(Missing);
        _stored.Remove(MissingNorm);
        _stored[Misshaped] = _stored[Misshaped].detach().t().contiguous();
        _stored[Integer] = ones(24, dtype: ScalarType.Int64);
        _stored["model.extra.weight"] = ones(2);
    }

    private T5GemmaForConditionalGeneration Load(Strictness strictness)
    {
        new CheckpointWriter().Write(_folder.Path, _stored);
        return T5GemmaForConditionalGeneration.FromPretrained(_folder.Path, new() { Strictness = strictness });
    }
}
