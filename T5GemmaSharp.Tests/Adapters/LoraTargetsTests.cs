using NUnit.Framework;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Adapters;

/// <summary>The expected names are those that PEFT's rules give.</summary>
public sealed class LoraTargetsTests
{
    private readonly T5GemmaForConditionalGeneration _model = TinyModels.LanguageModel(TinyModels.Config with { TieWordEmbeddings = false });

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    [Test]
    public void Adapted_EndsOfNames_AreFoundInBothStacks() => Assert.That(Names(new() { TargetModules = ModuleSelection.Named("cross_attn.q_proj", "layers.1.mlp.up_proj") }), Is.EquivalentTo(new[]
    {
        "model.encoder.layers.1.mlp.up_proj",
        "model.decoder.layers.0.cross_attn.q_proj",
        "model.decoder.layers.1.mlp.up_proj",
        "model.decoder.layers.1.cross_attn.q_proj",
        "model.decoder.layers.2.cross_attn.q_proj",
    }));

    // 2 encoder layers of 7 projections, 3 decoder layers of 11.
    [Test]
    public void Adapted_Default_AreAllProjections() => Assert.That(Names(new()), Has.Length.EqualTo((2 * 7) + (3 * 11)).And.None.Contains("head"));

    [Test]
    public void Adapted_AllLinear_LeavesTheHeadOut() => Assert.That(Names(new() { TargetModules = ModuleSelection.AllLinear }), Is.EqualTo(Names(new())));

    [Test]
    public void Adapted_HeadByName_IsFound() => Assert.That(Names(new() { TargetModules = ModuleSelection.Named("out_proj") }), Is.EqualTo(new[] { "lm_head.out_proj" }));

    [Test]
    public void Adapted_Expression_MatchesWholeNames()
    {
        Assert.That(Names(new() { TargetModules = ModuleSelection.Matching(@".*encoder\.layers\.\d+\.self_attn\.[qv]_proj") }), Is.EqualTo(new[]
        {
            "model.encoder.layers.0.self_attn.q_proj", "model.encoder.layers.0.self_attn.v_proj", "model.encoder.layers.1.self_attn.q_proj", "model.encoder.layers.1.self_attn.v_proj",
        }));
        Assert.That(() => Names(new() { TargetModules = ModuleSelection.Matching("q_proj") }), Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains("q_proj fits no layer"));
    }

    [Test]
    public void Adapted_Excluded_IsLeftOut()
    {
        Assert.That(Names(new() { TargetModules = ModuleSelection.Named("o_proj"), ExcludeModules = ModuleSelection.Matching(".*decoder.*") }), Is.EqualTo(new[]
        {
            "model.encoder.layers.0.self_attn.o_proj", "model.encoder.layers.1.self_attn.o_proj",
        }));
        Assert.That(
            Names(new() { TargetModules = ModuleSelection.Named("o_proj"), ExcludeModules = ModuleSelection.Named("self_attn.o_proj") }), Has.Length.EqualTo(3).And.All.Contains("cross_attn"));
    }

    [Test]
    public void Adapted_LayersToTransform_CountInTheListsThatAreNamed()
    {
        var config = new LoraConfig { TargetModules = ModuleSelection.Named("down_proj"), LayersToTransform = [0, 2] };
        var expected = new[] { "model.encoder.layers.0.mlp.down_proj", "model.decoder.layers.0.mlp.down_proj", "model.decoder.layers.2.mlp.down_proj" };
        Assert.That(Names(config), Is.EqualTo(expected));
        Assert.That(Names(config with { LayersPattern = ["layers"] }), Is.EqualTo(expected));
        Assert.That(() => Names(config with { LayersPattern = ["blocks"] }), Throws.TypeOf<T5GemmaConfigException>());
        Assert.That(Names(config with { LayersToTransform = [] }), Has.Length.EqualTo(5));
    }

    [Test]
    public void Adapted_Patterns_TheFirstThatMatchesGivesRankAndAlpha()
    {
        var config = new LoraConfig
        {
            R = 4,
            LoraAlpha = 6,
            TargetModules = ModuleSelection.Named("q_proj", "v_proj"),
            RankPattern = new Dictionary<string, int> { ["self_attn.q_proj"] = 2, [@"layers\.1\..*_proj"] = 3 },
            AlphaPattern = new Dictionary<string, double> { ["v_proj"] = 12, ["q_pro"] = 99 },
        };
        var targets = new LoraTargets(_model, config).Adapted.ToDictionary(target => target.Name, target => (target.Rank, target.Scale));
        Assert.Multiple(() =>
        {
            Assert.That(targets["model.encoder.layers.1.self_attn.q_proj"], Is.EqualTo((2, 6.0 / 2)), "both patterns match");
            Assert.That(targets["model.encoder.layers.1.self_attn.v_proj"], Is.EqualTo((3, 12.0 / 3)));
            Assert.That(targets["model.encoder.layers.0.self_attn.v_proj"], Is.EqualTo((4, 12.0 / 4)));
            Assert.That(targets["model.decoder.layers.0.cross_attn.q_proj"], Is.EqualTo((4, 6.0 / 4)));
        });
        var scaled = new LoraTargets(_model, config with { UseRslora = true }).Adapted.ToDictionary(target => target.Name, target => target.Scale);
        Assert.That(scaled["model.encoder.layers.0.self_attn.v_proj"], Is.EqualTo(12 / 2.0));
        Assert.That(scaled["model.encoder.layers.1.self_attn.q_proj"], Is.EqualTo(6 / Math.Sqrt(2)));
    }

    [Test]
    public void Saved_Module_IsItsLinearLayersAndNotAdaptedToo()
    {
        var targets = new LoraTargets(_model, new LoraConfig { TargetModules = ModuleSelection.Named("gate_proj", "q_proj"), ModulesToSave = ["encoder.layers.0.mlp", "lm_head", "classifier"] });
        Assert.That(targets.Saved.Select(layer => layer.Name), Is.EqualTo(new[]
        {
            "model.encoder.layers.0.mlp.gate_proj", "model.encoder.layers.0.mlp.up_proj", "model.encoder.layers.0.mlp.down_proj", "lm_head.out_proj",
        }));
        Assert.That(targets.Adapted.Select(target => target.Name), Has.No.Member("model.encoder.layers.0.mlp.gate_proj").And.Member("model.encoder.layers.1.mlp.gate_proj"));
    }

    [TestCase("vproj fits no module; the linear layers end in q_proj, k_proj, v_proj, o_proj", "q_proj", "vproj")]
    [TestCase("fits no module", "proj")]
    public void Create_NameOfNothing_IsNamedWithWhatThereIs(string expected, params string[] names)
        => Assert.That(() => Names(new() { TargetModules = ModuleSelection.Named(names) }), Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains(expected));

    [Test]
    public void Create_UnusedNameOfAFile_IsAllowed()
    {
        Assert.That(new LoraTargets(_model, new() { TargetModules = ModuleSelection.Named("out_proj", "query") }, allowsUnused: true).Adapted, Has.Count.EqualTo(1));
        Assert.That(() => new LoraTargets(_model, new() { TargetModules = ModuleSelection.Named("query") }, allowsUnused: true), Throws.TypeOf<T5GemmaConfigException>());
    }

    [Test]
    public void Create_ModuleThatIsNoLinearLayer_IsRefusedByName()
    {
        Assert.That(() => Names(new() { TargetModules = ModuleSelection.Named("q_proj", "embed_tokens") }), Throws.TypeOf<NotSupportedException>().With.Message.Contains("model.encoder.embed_tokens, a "));
        Assert.That(() => Names(new() { ModulesToSave = ["pre_self_attn_layernorm"] }), Throws.TypeOf<NotSupportedException>().With.Message.Contains("pre_self_attn_layernorm, a T5GemmaRMSNorm"));
        Assert.That(() => Names(new() { ModulesToSave = ["encoder"] }), Throws.TypeOf<NotSupportedException>().With.Message.Contains("encoder means model.encoder."));
    }

    [Test]
    public void Create_TiedHead_IsNoLayer()
    {
        using var tied = TinyModels.LanguageModel();
        Assert.That(() => new LoraTargets(tied, new() { TargetModules = ModuleSelection.Named("out_proj") }), Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains("a tied head has none"));
        Assert.That(() => new LoraTargets(tied, new() { ModulesToSave = ["lm_head"] }), Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains("lm_head"));
        Assert.That(() => new LoraTargets(tied, new() { ModulesToSave = ["nothing"] }), Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains("nothing"));
    }

    [Test]
    public void Create_ExpressionWithoutEnd_IsAnErrorThatNamesIt()
        => Assert.That(() => Names(new() { TargetModules = ModuleSelection.Matching("(([a-z_.0-9]+)+)+!") }), Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains("takes no longer than"));

    private string[] Names(LoraConfig config) => [.. new LoraTargets(_model, config).Adapted.Select(target => target.Name)];
}
