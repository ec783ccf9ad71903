using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Checkpoints;

/// <summary>Folders of one class loaded into another.</summary>
public sealed class CrossClassLoadingTests
{
    private static readonly string[] HeadKeys = ["score.out_proj.bias", "score.out_proj.weight"];

    private ScratchFolder _folder = null!;
    private T5GemmaForConditionalGeneration _source = null!;

    private static IEnumerable<string> Classifiers => ["seqcls", "tokcls"];

    [SetUp]
    public void SaveGenerator()
    {
        _folder = new ScratchFolder();
        _source = SampleModel.RandomLM(SampleModel.Config with { TieWordEmbeddings = false });
        _source.SavePretrained(_folder.Path);
    }

    [TearDown]
    public void RemoveAll()
    {
        _source.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void FromPretrained_GeneratorIntoModel_LeavesTheHeadUnexpected()
    {
        using var model = T5GemmaModel.FromPretrained(_folder.Path);
        var report = model.LoadReport!; // the model was loaded
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.UnexpectedKeys, Is.EqualTo(new[] { "lm_head.out_proj.weight" }));
            Assert.That(report.InitializedKeys.Concat(report.MissingKeys), Is.Empty);
            Assert.That(report.RenamedKeys["model.encoder.norm.weight"], Is.EqualTo("encoder.norm.weight"));
            Assert.That(ParameterAssert.EqualWhereShared(model, _source, name => "model." + name), Is.EqualTo(model.parameters().Count()).And.EqualTo(report.LoadedCount));
        }
    }

    [Test]
    public void FromPretrained_GeneratorIntoEncoder_LeavesTheDecoderUnexpected()
    {
        using var model = T5GemmaEncoderModel.FromPretrained(_folder.Path, new() { IsEncoderDecoder = false });
        var report = model.LoadReport!; // the model was loaded
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.UnexpectedKeys, Is.EquivalentTo(_source.state_dict().Keys.Where(key => !key.StartsWith("model.encoder.", StringComparison.Ordinal))));
            Assert.That(report.InitializedKeys, Is.Empty);
            Assert.That(ParameterAssert.EqualWhereShared(model, _source, name => "model." + name), Is.EqualTo(2 + (11 * 3)));
        }
    }

    [Test]
    public void FromPretrained_GeneratorIntoEncoderWithoutTheOption_SaysWhatToDo() =>
        Assert.That(() => T5GemmaEncoderModel.FromPretrained(_folder.Path), Throws.ArgumentException.With.Message.Contains("IsEncoderDecoder = false"));

    [Test]
    public void FromPretrained_GeneratorIntoClassifier_InitialisesTheHead([ValueSource(nameof(Classifiers))] string name, [Values] bool isEncoderDecoder)
    {
        var modelClass = ModelClass.All.First(modelClass => modelClass.ToString() == name);
        using var model = modelClass.Load(_folder.Path, new() { IsEncoderDecoder = isEncoderDecoder, NumLabels = 4 });
        var report = ModelClass.Report(model);
        var score = ParameterAssert.Parameters(model)["score.out_proj.weight"];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.InitializedKeys, Is.EquivalentTo(HeadKeys));
            Assert.That(report.MissingKeys, Is.EquivalentTo(HeadKeys));
            Assert.That(report.UnexpectedKeys.Any(key => key.Contains("decoder.", StringComparison.Ordinal)), Is.EqualTo(!isEncoderDecoder));
            Assert.That(score.shape, Is.EqualTo(new long[] { 4, isEncoderDecoder ? 20 : 24 }));
            Assert.That(score.isfinite().all().item<bool>() && score.abs().max().item<float>() < 0.2f, Is.True, "the head is drawn, not left uninitialised");
            Assert.That(ParameterAssert.EqualWhereShared(model, _source, key => key), Is.EqualTo(report.LoadedCount).And.EqualTo(model.parameters().Count() - 2));
            Assert.That(ModelClass.ConfigOf(model).NumLabels, Is.EqualTo(4));
        }
    }

    [Test]
    public void FromPretrained_ClassifierIntoClassifier_KeepsTheHead()
    {
        using var saved = SampleModel.Random(ModelClass.All[3], SampleModel.Config.WithNumLabels(3));
        ModelClass.Save(saved, _folder.Path);
        using var loaded = T5GemmaForTokenClassification.FromPretrained(_folder.Path);
        ParameterAssert.Equal(loaded, saved);
    }

    [Test]
    public void FromPretrained_OtherNumLabels_NeedsLenient()
    {
        using var saved = SampleModel.Random(ModelClass.All[3], SampleModel.Config.WithNumLabels(3));
        ModelClass.Save(saved, _folder.Path);
        var options = new PretrainedOptions { NumLabels = 5 };
        var refused = Assert.Throws<CheckpointMismatchException>(() => T5GemmaForSequenceClassification.FromPretrained(_folder.Path, options))!;
        Assert.That(refused.ShapeMismatches.Select(mismatch => mismatch.Key), Is.EquivalentTo(HeadKeys));

        using var loaded = T5GemmaForSequenceClassification.FromPretrained(_folder.Path, options with { Strictness = Strictness.Lenient });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(loaded.LoadReport!.InitializedKeys, Is.EquivalentTo(HeadKeys)); // the model was loaded
            Assert.That(loaded.Config.Id2Label, Has.Count.EqualTo(5).And.Some.EqualTo("LABEL_4"));
            Assert.That(loaded.Score.OutProj.bias!.count_nonzero().item<long>(), Is.Zero); // the head has a bias
        }
    }

    [Test]
    public void FromPretrained_SameNumLabels_KeepsTheirNames()
    {
        using var saved = SampleModel.Random(ModelClass.All[3], SampleModel.Config with { Id2Label = ["bad", "fair", "good"] });
        ModelClass.Save(saved, _folder.Path);
        using var loaded = T5GemmaForSequenceClassification.FromPretrained(_folder.Path, new() { NumLabels = 3 });
        Assert.That(loaded.Config.Id2Label, Is.EqualTo(new[] { "bad", "fair", "good" }));
    }

    [Test]
    public void FromPretrained_NamesForAFreshHead_AreKeptWithItsSettings()
    {
        using var saved = SampleModel.RandomLM();
        saved.SavePretrained(_folder.Path);
        var options = new PretrainedOptions { IsEncoderDecoder = false, Id2Label = ["bad", "fair", "good"], ProblemType = ProblemType.MultiLabelClassification, ClassifierDropoutRate = 0.25 };
        using var folder = new ScratchFolder();
        using (var model = T5GemmaForSequenceClassification.FromPretrained(_folder.Path, options))
            model.SavePretrained(folder.Path);
        using var loaded = T5GemmaForSequenceClassification.FromPretrained(folder.Path);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(loaded.Config.Id2Label, Is.EqualTo(options.Id2Label));
            Assert.That(loaded.Score.OutProj.weight!.shape, Is.EqualTo(new long[] { 3, SampleModel.Config.Encoder.HiddenSize })); // the head has a weight
            Assert.That((loaded.Config.ProblemType, loaded.Config.ClassifierDropoutRate, loaded.Config.IsEncoderDecoder), Is.EqualTo((options.ProblemType, 0.25, false)));
            Assert.That(loaded.LoadReport!.InitializedKeys, Is.Empty); // the model was loaded
        }
    }

    [Test]
    public void FromPretrained_NamesBesideAnotherNumber_AreRefused()
        => Assert.That(
            () => T5GemmaForSequenceClassification.FromConfig(SampleModel.Config, new() { Id2Label = ["a", "b"], NumLabels = 3 }),
            Throws.ArgumentException.With.Message.Contains("expected 2, the number of names in Id2Label, got 3"));

    [Test]
    public void FromPretrained_BareModelIntoGenerator_AddsThePrefix()
    {
        using var folder = new ScratchFolder();
        using var bare = SampleModel.Random(ModelClass.All[1]);
        ModelClass.Save(bare, folder.Path);
        using var model = T5GemmaForConditionalGeneration.FromPretrained(folder.Path);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.LoadReport!.RenamedKeys["decoder.norm.weight"], Is.EqualTo("model.decoder.norm.weight")); // the model was loaded
            Assert.That(model.LoadReport.InitializedKeys.Concat(model.LoadReport.UnexpectedKeys), Is.Empty);
            Assert.That(ParameterAssert.EqualWhereShared(model, bare, name => name["model.".Length..]), Is.EqualTo(model.parameters().Count()));
        }
        Assert.That(() => T5GemmaForConditionalGeneration.FromPretrained(folder.Path, new() { Strictness = Strictness.Exact }), Throws.TypeOf<CheckpointMismatchException>());
    }

    [Test]
    public void FromPretrained_BareModelIntoUntiedGenerator_MissesTheHead()
    {
        using var folder = new ScratchFolder();
        using var bare = SampleModel.Random(ModelClass.All[1], SampleModel.Config with { TieWordEmbeddings = false });
        ModelClass.Save(bare, folder.Path);
        var refused = Assert.Throws<CheckpointMismatchException>(() => T5GemmaForConditionalGeneration.FromPretrained(folder.Path))!;
        Assert.That(refused.MissingKeys, Is.EqualTo(new[] { "lm_head.out_proj.weight" }));
    }

    [Test]
    public void FromPretrained_EncoderIntoGenerator_NamesTheMissingDecoder()
    {
        using var folder = new ScratchFolder();
        using var encoder = SampleModel.Random(ModelClass.All[2]);
        ModelClass.Save(encoder, folder.Path);
        var refused = Assert.Throws<CheckpointMismatchException>(() => T5GemmaForConditionalGeneration.FromPretrained(folder.Path))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.MissingKeys, Is.Not.Empty.And.All.StartsWith("model.decoder."));
            Assert.That(refused.Message, Does.Contain(folder.Path).And.Contain("model.decoder.embed_tokens.weight"));
        }
        Assert.That(() => T5GemmaModel.FromPretrained(folder.Path), Throws.ArgumentException.With.Message.Contains("T5GemmaEncoderModel"));
    }
}
