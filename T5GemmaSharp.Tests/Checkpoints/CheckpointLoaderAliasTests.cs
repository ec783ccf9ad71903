using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

public sealed class CheckpointLoaderAliasTests
{
    private const string Owner = "embed_tokens.weight";
    private const string Alias = "lm_head.out_proj.weight";

    private ScratchFolder _folder = null!;
    private TorchSharp.DisposeScope _scope = null!;
    private Dictionary<string, Tensor> _stored = null!;
    private Tensor _table = null!;

    [SetUp]
    public void MakeTensors()
    {
        _folder = new ScratchFolder();
        _scope = NewDisposeScope();
        _table = arange(28, dtype: ScalarType.Float32).reshape(7, 4);
        _stored = new Dictionary<string, Tensor>
        {
            ["proj.weight"] = ones(3, 4),
            ["proj.bias"] = ones(3),
            ["proj.steps"] = ones(1, dtype: ScalarType.Int64),
        };
    }

    [TearDown]
    public void RemoveAll()
    {
        _table.Dispose();
        _scope.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Load_OnlyAlias_FillsOwner([Values] Strictness strictness)
    {
        _stored[Alias] = _table;

        AssertTableLoaded(strictness);
    }

    [Test]
    public void Load_BothEqual_IsSilent([Values] Strictness strictness)
    {
        _stored[Alias] = _table;
        _stored[Owner] = _table.clone();

        AssertTableLoaded(strictness);
    }

    [TestCase("model." + Alias, Owner)]
    [TestCase(Alias, "model." + Owner)]
    [TestCase("model." + Alias, "model." + Owner)]
    public void Load_BothWithOtherPrefix_IsSilent(string alias, string owner)
    {
        _stored[alias] = _table;
        _stored[owner] = _table.clone();

        AssertTableLoaded(Strictness.Default);
    }

    [TestCase(Owner)]
    [TestCase("model." + Owner)]
    public void Load_OnlyAliasWithPrefixedDeclaration_FillsOwner(string declaredOwner)
    {
        _stored["model." + Alias] = _table;

        AssertTableLoaded(Strictness.Default, declaredOwner);
    }

    [Test]
    public void Load_BothDiffer_Throws([Values] Strictness strictness)
    {
        _stored[Alias] = _table;
        _stored[Owner] = _table.clone();
        _stored[Owner][6, 3] = -1;

        var exception = Refused(strictness);

        Assert.That(exception.ConflictingAliases.Single(), Does.Contain(Alias).And.Contain(Owner));
        Assert.That(exception.Message, Does.Contain("tie_word_embeddings"));
    }

    [Test]
    public void Load_SameValuesOtherBits_Throws()
    {
        // Minus zero equals zero as a number.
        _stored[Alias] = _table;
        _stored[Owner] = _table.clone();
        _stored[Owner][0, 0] = -0f;

        Assert.That(Refused(Strictness.Default).ConflictingAliases, Has.Count.EqualTo(1));
    }

    [Test]
    public void Load_BothNotANumber_IsSilent()
    {
        _table[3, 1] = float.NaN;
        _stored[Alias] = _table;
        _stored[Owner] = _table.clone();
        using var model = new SmallModel();

        Assert.That(Load(model, Strictness.Exact).LoadedCount, Is.EqualTo(4));
    }

    [Test]
    public void Load_BothWithOtherDTypeOrShape_Throws()
    {
        _stored[Owner] = _table;
        _stored[Alias] = _table.to(ScalarType.BFloat16);
        Assert.That(Refused(Strictness.Lenient).ConflictingAliases, Has.Count.EqualTo(1));

        _stored[Alias] = _table.reshape(4, 7);
        Assert.That(Refused(Strictness.Lenient).ConflictingAliases, Has.Count.EqualTo(1));
    }

    [Test]
    public void Load_OnlyAliasOfOtherShape_ThrowsShapeMismatch()
    {
        _stored[Alias] = ones(7, 5);

        Assert.That(Refused(Strictness.Default).ShapeMismatches.Single().Key, Is.EqualTo(Owner));
    }

    [Test]
    public void Load_NeitherStored_ReportsOwnerMissing() =>
        Assert.That(Refused(Strictness.Default).MissingKeys, Is.EqualTo(new[] { Owner }));

    [Test]
    public void Load_ModuleWithoutOwner_ReportsAliasUnexpected()
    {
        _stored[Owner] = _table;
        _stored[Alias] = _table;
        using var model = new SmallModel();

        Assert.That(Load(model, Strictness.Default, owner: "decoder.none").UnexpectedKeys, Is.EqualTo(new[] { Alias }));
    }

    private void AssertTableLoaded(Strictness strictness, string owner = Owner)
    {
        using var model = new SmallModel();

        var report = Load(model, strictness, owner);

        Assert.That(report.LoadedCount, Is.EqualTo(4));
        Assert.That(report.MissingKeys.Concat(report.UnexpectedKeys).Concat(report.InitializedKeys), Is.Empty);
        Assert.That(model.EmbedTokens.weight!.eq(_table).all().item<bool>(), Is.True);
    }

    private LoadReport Load(SmallModel model, Strictness strictness, string owner = Owner)
    {
        new CheckpointWriter().Write(_folder.Path, _stored);
        using var reader = CheckpointReader.Open(_folder.Path);
        return CheckpointLoader.Load(
            model, reader, new CheckpointLoadOptions { Strictness = strictness, TiedAliases = new Dictionary<string, string> { [Alias] = owner } });
    }

    private CheckpointMismatchException Refused(Strictness strictness)
    {
        using var model = new SmallModel();
        return Assert.Throws<CheckpointMismatchException>(() => Load(model, strictness))!;
    }
}
