using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

public sealed class DropoutTests
{
    private const double Rate = 0.4;

    // Each dropout module, found by its name, and how often a forward pass of the model of TinyModels calls it: the stack's own acts on the embeddings and on the
    // final norm's output, a layer's own on each of its two or three blocks.
    private static readonly object[] Sites =
    [
        new object[] { "model.encoder.dropout", 2 },
        new object[] { "model.encoder.layers.1.dropout", 2 },
        new object[] { "model.encoder.layers.1.mlp.dropout", 1 },
        new object[] { "model.decoder.dropout", 2 },
        new object[] { "model.decoder.layers.2.dropout", 3 },
        new object[] { "model.decoder.layers.2.mlp.dropout", 1 },
    ];

    [TestCaseSource(nameof(Sites))]
    public void Forward_OneSiteActive_ChangesTheOutputInTrainingModeOnly(string name, int calls)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var plain = TinyModels.LanguageModel();
        using var model = TinyModels.LanguageModel(TinyModels.Config with { DropoutRate = Rate });
        var expected = Logits(plain);
        TensorAssert.Close(Logits(model), expected, 0, "evaluation mode ignores the rate");

        var site = (Dropout)model.named_modules().Single(pair => pair.name == name).module;
        var count = 0;
        site.register_forward_hook((_, _, output) =>
        {
            count++;
            return output;
        });
        site.train();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Logits(model).RelativeDistance(expected), Is.GreaterThan(0.01));
            Assert.That(count, Is.EqualTo(calls), "calls in one forward pass");
        }
    }

    [TestCaseSource(nameof(Sites))]
    public void Forward_EachCallOfASite_Acts(string name, int calls)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel(TinyModels.Config with { DropoutRate = Rate });
        var expected = Logits(model);
        var site = (Dropout)model.named_modules().Single(pair => pair.name == name).module;
        var (call, active) = (0, 0);
        site.register_forward_pre_hook((_, input) =>
        {
            if (call++ == active)
                site.train();
            else
                site.eval();
            return input;
        });
        for (active = 0; active < calls; active++)
        {
            call = 0;
            Assert.That(Logits(model).RelativeDistance(expected), Is.GreaterThan(0.01), $"{name}, call {active} alone");
        }
    }

    [Test]
    public void Forward_DropoutSites_AreAllOfThose()
    {
        using var model = TinyModels.LanguageModel();
        var numbers = model.named_modules().Where(pair => pair.module is Dropout).Select(pair => System.Text.RegularExpressions.Regex.Replace(pair.name, @"\d+", "N")).Distinct();
        Assert.That(numbers, Is.EquivalentTo(Sites.Cast<object[]>().Select(site => System.Text.RegularExpressions.Regex.Replace((string)site[0], @"\d+", "N"))));
    }

    [Test]
    public void Forward_AttentionDropout_ActsOnTheProbabilitiesInTrainingModeOnly(
        [Values(AttentionImplementation.Eager, AttentionImplementation.Sdpa)] AttentionImplementation attention)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        var options = new PretrainedOptions { Attention = attention };
        using var plain = TinyModels.LanguageModel(options: options);
        using var model = TinyModels.LanguageModel(TinyModels.Config with { AttentionDropout = Rate }, options);
        var expected = Logits(plain);
        TensorAssert.Close(Logits(model), expected, 0, "evaluation mode");
        // Each kind of attention alone.
        foreach (var attentionModule in new[] { model.Model.Encoder.Layers[0].SelfAttn, model.Model.Decoder.Layers[0].SelfAttn, (nn.Module)model.Model.Decoder.Layers[0].CrossAttn })
        {
            attentionModule.train();
            Assert.That(Logits(model).RelativeDistance(expected), Is.GreaterThan(1e-3), attentionModule.GetName());
            attentionModule.eval();
        }
        model.train();
        plain.train();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Logits(model).RelativeDistance(expected), Is.GreaterThan(0.01), "training mode");
            TensorAssert.Close(Logits(plain), expected, 0, "training mode at rate 0");
        }
    }

    [Test]
    public void Forward_AttentionDropout_ScalesWhatItKeeps()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel(TinyModels.Config with { AttentionDropout = Rate });
        var expected = model.call(Inputs() with { OutputAttentions = true }).EncoderAttentions![0];
        model.train();
        var weights = model.call(Inputs() with { OutputAttentions = true }).EncoderAttentions![0];
        var dropped = weights.eq(0) & expected.ne(0);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(dropped.to(ScalarType.Float32).sum().item<float>() / expected.ne(0).sum().item<long>(), Is.EqualTo(Rate).Within(0.08), "about the rate is dropped");
            TensorAssert.Close(torch.where(dropped, torch.zeros_like(weights), weights), torch.where(dropped, torch.zeros_like(weights), expected / (1 - Rate)), 1e-6, "the rest");
        }
    }

    [Test]
    public void Forward_ClassifierDropout_ActsBeforeTheProjectionInTrainingModeOnly([Values] bool isEncoderDecoder)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.SequenceClassifier(TinyModels.Config with { ClassifierDropoutRate = Rate, IsEncoderDecoder = isEncoderDecoder });
        var inputs = new T5GemmaInputs { InputIds = TinyModels.Ids(2, 7) };
        var expected = model.call(inputs).Logits;
        model.train();
        var actual = model.call(inputs).Logits;
        Assert.That(actual.RelativeDistance(expected), Is.GreaterThan(0.01));
        model.Score.OutProj.weight!.zero_();
        TensorAssert.Close(model.call(inputs).Logits, model.Score.OutProj.bias!.expand(2, 3), 0, "nothing is dropped after the projection");
    }

    [Test]
    public void Forward_SameSeed_DropsTheSame()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel(TinyModels.Config with { DropoutRate = Rate, AttentionDropout = Rate });
        model.train();
        var first = Logits(model, seed: 5);
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(Logits(model, seed: 5), first, 0, "the same seed");
            Assert.That(Logits(model, seed: 6).RelativeDistance(first), Is.GreaterThan(0.01), "another seed");
        }
    }

    private static Tensor Logits(T5GemmaForConditionalGeneration model, int seed = 5)
    {
        var inputs = Inputs();
        torch.manual_seed(seed);
        return model.call(inputs).Logits;
    }

    private static T5GemmaInputs Inputs() => new() { InputIds = TinyModels.Ids(2, 9), DecoderInputIds = TinyModels.Ids(2, 7, seed: 9, vocabSize: 47), UseCache = false };
}
