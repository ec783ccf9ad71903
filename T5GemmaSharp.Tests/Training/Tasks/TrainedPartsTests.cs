using NUnit.Framework;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Tasks;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Tasks;

public sealed class TrainedPartsTests
{
    private static readonly TestCaseData[] Choices =
    [
        new(new TrainedParts { Frozen = ["encoder"] }), // also its embeddings
        new(new TrainedParts { Frozen = ["embed_tokens"] }),
        new(new TrainedParts { Frozen = ["decoder"] }),
        new(new TrainedParts { Only = ["cross_attn"] }),
        new(new TrainedParts { Only = ["lm_head"] }), // nothing below it
        new(new TrainedParts { Only = ["encoder.embed_tokens"] }),
        new(new TrainedParts { Only = ["encoder.norm"] }),
        new(new TrainedParts { Only = ["decoder.norm"] }),
        new(new TrainedParts { Only = ["encoder.layers.1", "decoder.layers.1"] }), // layers below the lowest
        new(new TrainedParts { Frozen = ["encoder", "embed_tokens", "decoder.layers.0"] }),
    ];

    [TestCaseSource(nameof(Choices))]
    public void Choose_Parts_HaveTheGradientsOfTheWholeAndTheOthersNone(TrainedParts parts)
    {
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM(SampleModel.Config with { TieWordEmbeddings = false });
        model.train();
        var whole = Gradients(model, isSegmented: false);
        var chosen = parts.Choose(model).Select(item => item.Name).ToHashSet();
        foreach (var isSegmented in new[] { false, true })
        {
            var gradients = Gradients(model, isSegmented);
            Assert.That(gradients.Keys, Is.EquivalentTo(chosen), $"segments: {isSegmented}");
            foreach (var (name, gradient) in gradients)
                Assert.That((whole[name] - gradient).abs().max().item<float>(), Is.LessThan(1e-6 * (1 + gradient.abs().max().item<float>())), name);
        }
    }

    [TestCase("lm_head", 1, 1)]
    [TestCase("decoder", 1, 2)]
    [TestCase("encoder.layers.1", 1, 2)] // of the encoder the lowest layer is counted, of the decoder too
    [TestCase("encoder", 2, 2)]
    public void Backward_InSegments_ComputesNoLayerAgainThatLiesBelowAllThatIsTrained(string trained, int encoderCalls, int decoderCalls)
    {
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM(SampleModel.Config with { TieWordEmbeddings = false });
        model.train();
        new TrainedParts { Only = [trained] }.Choose(model);
        var calls = CountCalls(model);
        Gradients(model, isSegmented: true);
        Assert.That((calls["encoder"], calls["decoder"]), Is.EqualTo((encoderCalls, decoderCalls)));
    }

    [Test]
    public void Backward_AdapterOnTheDecoderInSegments_HasTheGradientsOfTheWholeAndLeavesTheEncoder()
    {
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM();
        model.train();
        var adapter = LoraAdapter.Attach(model, new LoraConfig { R = 2, LoraDropout = 0, TargetModules = ModuleSelection.Matching(".*decoder.layers.1.*q_proj") });
        using (no_grad())
        {
            foreach (var (_, parameter) in adapter.NamedParameters())
                parameter.normal_(0, 0.3); // the second factor begins at zero
        }

        Gradients(model, isSegmented: false);
        var whole = adapter.NamedParameters().ToDictionary(pair => pair.Name, pair => pair.Parameter.grad!.clone());
        foreach (var (_, parameter) in adapter.NamedParameters())
            parameter.grad = null;
        var calls = CountCalls(model);
        Gradients(model, isSegmented: true);
        Assert.That((calls["encoder"], calls["decoder"]), Is.EqualTo((1, 1)), "calls of the lowest layers");
        foreach (var (name, parameter) in adapter.NamedParameters())
            Assert.That((whole[name] - parameter.grad!).abs().max().item<float>(), Is.LessThan(1e-6 * (1 + whole[name].abs().max().item<float>())), name);
    }

    /// <summary>Counts the calls of the lowest layer of each stack.</summary>
    private static Dictionary<string, int> CountCalls(T5GemmaForConditionalGeneration model)
    {
        Dictionary<string, int> calls = new() { ["encoder"] = 0, ["decoder"] = 0 };
        model.Model.Encoder.Layers[0].register_forward_hook((_, _, output) => Count("encoder", output));
        model.Model.Decoder.Layers[0].register_forward_hook((_, _, output) => Count("decoder", output));
        return calls;

        TOutput Count<TOutput>(string stack, TOutput output)
        {
            calls[stack]++;
            return output;
        }
    }

    private static Dictionary<string, Tensor> Gradients(T5GemmaForConditionalGeneration model, bool isSegmented)
    {
        model.zero_grad();
        var examples = new Seq2SeqExamples([new([5, 6, 7, 8, 9], [10, 11, 1]), new([4, 3], [-100, 12, 13, 1])]);
        var task = new Seq2SeqTask(model, examples, isSegmented: isSegmented);
        task.Backward(task.Prepare(epoch: 0, [0, 1]), seed: 3);
        return model.named_parameters().Where(pair => pair.parameter.grad is not null).ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone());
    }
}
