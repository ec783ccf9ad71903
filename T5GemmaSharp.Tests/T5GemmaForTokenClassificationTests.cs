using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests;

public sealed class T5GemmaForTokenClassificationTests
{
    private const double Tolerance = 2e-6;

    [Test]
    public void Forward_EncoderDecoder_ScoresEveryShiftedPosition()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.TokenClassifier();
        var ids = TinyModels.Ids(2, 6);
        var shifted = torch.cat([torch.full([2, 1], TinyModels.Bos), ids.narrow(1, 0, 5)], dim: 1);
        var states = ((T5GemmaModel)model.Model).call(new() { InputIds = ids, DecoderInputIds = shifted, UseCache = false }).LastHiddenState;
        var output = model.call(new() { InputIds = ids });
        Assert.That(output.Logits.shape, Is.EqualTo(new long[] { 2, 6, 3 }));
        TensorAssert.Close(output.Logits, model.Score.OutProj.call(states), Tolerance, "logits");
    }

    [Test]
    public void Forward_EncoderOnly_ScoresEveryTokenOfIdsOrEmbeddings()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.TokenClassifier(options: new() { IsEncoderDecoder = false });
        var encoder = (T5GemmaEncoderModel)model.Model;
        var ids = TinyModels.Ids(2, 6);
        var expected = model.Score.OutProj.call(encoder.call(new() { InputIds = ids }).LastHiddenState);
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(model.call(new() { InputIds = ids }).Logits, expected, Tolerance, "ids");
            TensorAssert.Close(model.call(new() { InputsEmbeds = encoder.Encoder.EmbedTokens.call(ids) }).Logits, expected, Tolerance, "embeddings");
        }
    }

    [Test]
    public void Forward_Labels_GiveTheMeanCrossEntropyOfThoseThatCount([Values] bool isEncoderDecoder)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.TokenClassifier(options: new() { IsEncoderDecoder = isEncoderDecoder });
        var labels = torch.tensor(new[,] { { 0L, 1, 2, -100 }, { 2L, -100, 1, 0 } });
        var output = model.call(new() { InputIds = TinyModels.Ids(2, 4), Labels = labels, NumItemsInBatch = 1000 });
        var logProbabilities = output.Logits.to(ScalarType.Float64).log_softmax(-1).ToDoubles();
        var targets = labels.ToLongs();
        var expected = Enumerable.Range(0, 8).Where(i => targets[i] >= 0).Average(i => -logProbabilities[i * 3 + targets[i]]);
        Assert.That(output.Loss!.item<float>(), Is.EqualTo(expected).Within(1e-6), "as in the reference, the number of items is not read");
    }

    [Test]
    public void Forward_WrongInputs_SayWhatIsWrong()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.TokenClassifier();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => model.call(new() { InputsEmbeds = torch.zeros(2, 4, 20) }), Throws.TypeOf<NotSupportedException>().With.Message.Contains("inputIds"));
            Assert.That(() => model.call(new()), Throws.ArgumentException.With.Message.Contains("inputIds"));
            Assert.That(() => model.call(new() { InputIds = TinyModels.Ids(2, 4), Labels = torch.zeros([2, 5], dtype: ScalarType.Int64) }),
                Throws.ArgumentException.With.Message.Contains("labels: expected int64 [2, 4], got Int64 [2, 5]"));
        }
    }
}
