using NUnit.Framework;
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

    private static Dictionary<string, Tensor> Gradients(T5GemmaForConditionalGeneration model, bool isSegmented)
    {
        model.zero_grad();
        var examples = new Seq2SeqExamples([new([5, 6, 7, 8, 9], [10, 11, 1]), new([4, 3], [-100, 12, 13, 1])]);
        var task = new Seq2SeqTask(model, examples, isSegmented: isSegmented);
        task.Backward(task.Prepare(epoch: 0, [0, 1]), seed: 3);
        return model.named_parameters().Where(pair => pair.parameter.grad is not null).ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone());
    }
}
