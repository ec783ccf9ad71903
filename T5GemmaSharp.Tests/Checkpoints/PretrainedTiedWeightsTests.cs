using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

/// <summary>Both names under which a file may hold the tied table.</summary>
public sealed class PretrainedTiedWeightsTests
{
    private const string Alias = "lm_head.out_proj.weight";
    private const string Owner = "model.decoder.embed_tokens.weight";

    private ScratchFolder _folder = null!;
    private T5GemmaForConditionalGeneration _source = null!;
    private Dictionary<string, Tensor> _stored = null!;

    [SetUp]
    public void SaveTied()
    {
        _folder = new ScratchFolder();
        _source = SampleModel.RandomLM();
        _source.SavePretrained(_folder.Path);
        _stored = ParameterAssert.Parameters(_source);
    }

    [TearDown]
    public void RemoveAll()
    {
        _source.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void FromPretrained_OnlyTheOwner_IsSilent([Values] Strictness strictness) => AssertLoads(strictness);

    [Test]
    public void FromPretrained_OnlyTheAlias_FillsTheOwner([Values] Strictness strictness)
    {
        _stored.Remove(Owner, out var table);
        _stored.Add(Alias, table!); // the model has the table
        AssertLoads(strictness);
    }

    [Test]
    public void FromPretrained_BothEqual_IsSilent([Values] Strictness strictness)
    {
        using var copy = _stored[Owner].detach().clone();
        _stored.Add(Alias, copy);
        AssertLoads(strictness);
    }

    [Test]
    public void FromPretrained_BothDifferent_ThrowsInEveryMode([Values] Strictness strictness)
    {
        using var other = _stored[Owner].detach() + 1;
        _stored.Add(Alias, other);
        var refused = Assert.Throws<CheckpointMismatchException>(() => Load(strictness))!;
        Assert.That(refused.ConflictingAliases.Single(), Does.Contain(Alias).And.Contain(Owner));
        Assert.That(refused.Message, Does.Contain("tie_word_embeddings"));
    }

    [Test]
    public void FromPretrained_BothDifferentAndUntied_LoadsBoth()
    {
        using var other = _stored[Owner].detach() + 1;
        _stored.Add(Alias, other);
        File.WriteAllText(_folder["config.json"], (_source.Config with { TieWordEmbeddings = false }).ToJson());
        using var loaded = Load(Strictness.Exact);
        ParameterAssert.Equal(loaded.LmHead.OutProj!.weight, other, Alias); // an untied head has a projection
        ParameterAssert.Equal(loaded.Model.Decoder.EmbedTokens.weight!, _stored[Owner], Owner); // an embedding has a weight
    }

    [TestCase(Alias)]
    [TestCase(Owner)]
    public void FromPretrained_UntiedWithOneOfBoth_MissesTheOther(string missing)
    {
        using var other = _stored[Owner].detach() + 1;
        _stored.Add(Alias, other);
        _stored.Remove(missing);
        File.WriteAllText(_folder["config.json"], (_source.Config with { TieWordEmbeddings = false }).ToJson());
        Assert.That(Assert.Throws<CheckpointMismatchException>(() => Load(Strictness.Default))!.MissingKeys, Is.EqualTo(new[] { missing }));
    }

    [Test]
    public void FromPretrained_AliasIntoBareModel_FillsTheOwner()
    {
        _stored.Remove(Owner, out var table);
        _stored.Add(Alias, table!); // the model has the table
        new CheckpointWriter().Write(_folder.Path, _stored);
        using var loaded = T5GemmaModel.FromPretrained(_folder.Path);
        ParameterAssert.Equal(loaded.Decoder.EmbedTokens.weight!, table!, Owner); // an embedding has a weight
        Assert.That(loaded.LoadReport!.UnexpectedKeys, Is.Empty); // the model was loaded
    }

    [Test]
    public void FromPretrained_OldFilesRotaryBuffers_AreIgnoredSilently()
    {
        using var frequencies = ones(5);
        _stored.Add("model.encoder.layers.0.self_attn.rotary_emb.inv_freq", frequencies);
        _stored.Add("model.decoder.rotary_emb.inv_freq", frequencies);
        AssertLoads(Strictness.Exact);
    }

    private void AssertLoads(Strictness strictness)
    {
        using var loaded = Load(strictness);
        ParameterAssert.Equal(loaded, _source);
        var report = loaded.LoadReport!; // the model was loaded
        Assert.That(report.MissingKeys.Concat(report.UnexpectedKeys).Concat(report.InitializedKeys).Concat(report.RenamedKeys.Keys), Is.Empty);
        Assert.That(report.LoadedCount, Is.EqualTo(_source.parameters().Count()));
    }

    private T5GemmaForConditionalGeneration Load(Strictness strictness)
    {
        new CheckpointWriter().Write(_folder.Path, _stored);
        return T5GemmaForConditionalGeneration.FromPretrained(_folder.Path, new() { Strictness = strictness });
    }
}
