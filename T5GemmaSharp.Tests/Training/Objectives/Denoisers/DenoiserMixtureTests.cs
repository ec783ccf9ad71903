using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Training.Objectives;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Tests.Training.Objectives.Denoisers;

public sealed class DenoiserMixtureTests
{
    private static IEnumerable<string> PresetNames => DenoiserMixture.Presets.Keys;

    [Test]
    public void Presets_All_AreThePublishedMixtures()
    {
        var ul2 = DenoiserMixture.Presets["ul2"];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(PresetNames, Is.EqualTo(new[] { "t5", "ul2", "t5gemma2-ul2", "prefixlm" }));
            Assert.That(DenoiserMixture.Presets["t5"].Parts, Is.EqualTo(new[] { new WeightedDenoiser(new SpanCorruption(DenoiserMode.Regular, 3, 0.15), 1) }));
            Assert.That(DenoiserMixture.Presets["prefixlm"].Parts, Is.EqualTo(new[] { new WeightedDenoiser(PrefixLm.Half, 1) }));
            Assert.That(DenoiserMixture.Presets["t5gemma2-ul2"].ToString(), Is.EqualTo("r:3,0.15@1+r:12,0.5@1+x:32,0.15@1+x:32,0.5@1+s:0.75@4"));
            Assert.That(Share(ul2, DenoiserMode.Regular), Is.EqualTo(0.4).Within(1e-12));
            Assert.That(Share(ul2, DenoiserMode.Extreme), Is.EqualTo(0.4).Within(1e-12));
            Assert.That(Share(ul2, DenoiserMode.Sequential), Is.EqualTo(0.2).Within(1e-12));
            Assert.That(ul2.Parts, Has.Count.EqualTo(2 + 4 + 1).And.Some.Property(nameof(WeightedDenoiser.Denoiser)).EqualTo(PrefixLm.Uniform));
        }
    }

    [TestCaseSource(nameof(PresetNames))]
    public void Draw_ManyExamples_FollowsTheWeights(string preset)
    {
        var mixture = DenoiserMixture.Parse(preset);
        var drawn = Enumerable.Range(0, 20_000).CountBy(index => mixture.Draw(new ExampleKey(Seed: 7, Epoch: 1, index))).ToDictionary();
        Assert.That(drawn, Has.Count.EqualTo(mixture.Parts.Count));
        if (mixture.Parts.Count > 1)
            ChiSquare.AssertFits([.. mixture.Parts.Select(part => drawn[part.Denoiser])], [.. mixture.Parts.Select(part => part.Weight)]);
    }

    [Test]
    public void Draw_NeighbouringExamplesAndEpochs_AreIndependent()
    {
        var mixture = DenoiserMixture.Parse("s:half+s:uniform");
        bool Draw(int epoch, int index) => mixture.Draw(new ExampleKey(Seed: 7, epoch, index)) == PrefixLm.Half;
        var pairs = new int[8];
        for (var index = 0; index < 8000; index++)
            pairs[(Draw(0, index) ? 4 : 0) + (Draw(0, index + 1) ? 2 : 0) + (Draw(1, index) ? 1 : 0)]++;
        ChiSquare.AssertFits(pairs, [.. Enumerable.Repeat(1.0, pairs.Length)]);
    }

    [TestCase("r:3,0.15@0.4+x:32,0.5@0.4+s:uniform@0.2", "r:3,0.15@0.4+x:32,0.5@0.4+s:uniform@0.2")]
    [TestCase(" r: 3 , 0.15 @ 2 + s:half ", "r:3,0.15@2+s:half@1")]
    [TestCase("x:64,0.15,roll+s:0.25", "x:64,0.15,roll@1+s:0.25@1")]
    public void Parse_Text_GivesItsParts(string text, string canonical)
    {
        var mixture = DenoiserMixture.Parse(text);
        Assert.That(mixture.ToString(), Is.EqualTo(canonical));
        Assert.That(DenoiserMixture.Parse(canonical).Parts, Is.EqualTo(mixture.Parts));
    }

    [TestCase("nonsense", "\"nonsense\"")]
    [TestCase("", "t5gemma2-ul2")]
    [TestCase("r:3", "denoiser \"r:3\": expected r:MEAN,DENSITY")]
    [TestCase("q:3,0.15", "denoiser \"q:3,0.15\"")]
    [TestCase("r:3,0.15,rol", "denoiser \"r:3,0.15,rol\"")]
    [TestCase("s:half,3", "denoiser \"s:half,3\"")]
    [TestCase("r:three,0.15", "expected a number as MEAN, got \"three\"")]
    [TestCase("r:3,much", "expected a number as DENSITY, got \"much\"")]
    [TestCase("r:3,0.15@lots", "expected a number as WEIGHT, got \"lots\"")]
    [TestCase("s:most", "expected a number as SHARE, got \"most\"")]
    [TestCase("t5+r:0,0.15", "denoiser \"t5\"")]
    [TestCase("r:0,0.15", "denoiser \"r:0,0.15\": meanSpan")]
    [TestCase("x:3,1.5", "denoiser \"x:3,1.5\": density")]
    [TestCase("s:2", "denoiser \"s:2\": share")]
    [TestCase("s:half@0", "denoiser \"s:half@0\": weight")]
    [TestCase("s:half@-1", "denoiser \"s:half@-1\": weight")]
    [TestCase("s:half+s:half@2", "s:half twice")]
    public void Parse_Fault_NamesIt(string text, string named)
        => Assert.That(() => DenoiserMixture.Parse(text), Throws.TypeOf<FormatException>().With.Message.Contains(named));

    [TestCase("\"ul2\"", "r:3,0.15@0.2+r:8,0.15@0.2+x:3,0.5@0.1+x:8,0.5@0.1+x:64,0.15@0.1+x:64,0.5@0.1+s:uniform@0.2")]
    [TestCase("""[{"denoiser": "r:3,0.15", "weight": 0.4}, {"denoiser": "s:half"}]""", "r:3,0.15@0.4+s:half@1")]
    public void FromJson_TextOrList_GivesItsParts(string json, string canonical)
        => Assert.That(DenoiserMixture.FromJson(JsonElement.Parse(json)).ToString(), Is.EqualTo(canonical));

    [TestCase("3", "mixture: expected a text or a list")]
    [TestCase("[]", "parts")]
    [TestCase("[\"r:3,0.15\"]", "mixture[0]: expected an object")]
    [TestCase("""[{"denoiser": "s:half"}, {"denoiser": "s:uniform", "wait": 2}]""", "mixture[1]: expected the keys denoiser and weight, got wait")]
    [TestCase("""[{"weight": 2}]""", "mixture[0].denoiser")]
    [TestCase("""[{"denoiser": "s:half", "weight": "2"}]""", "mixture[0].weight")]
    [TestCase("""[{"denoiser": "s:half", "weight": 0}]""", "mixture[0]: weight")]
    [TestCase("""[{"denoiser": "r:3"}]""", "denoiser \"r:3\"")]
    public void FromJson_Fault_NamesThePlace(string json, string named)
        => Assert.That(() => DenoiserMixture.FromJson(JsonElement.Parse(json)), Throws.TypeOf<FormatException>().With.Message.Contains(named));

    private static double Share(DenoiserMixture mixture, DenoiserMode mode) => mixture.Parts.Where(part => part.Denoiser.Mode == mode).Sum(part => part.Weight);
}
