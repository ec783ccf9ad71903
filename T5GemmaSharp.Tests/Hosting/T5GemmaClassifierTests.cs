using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Hosting;
using T5GemmaSharp.Hosting.Batching;
using T5GemmaSharp.Hosting.Clients;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Hosting;

public sealed class T5GemmaClassifierTests
{
    private static readonly string[] Texts = ["abc", "a b c d a b c d a b", "dd", "abcabc abc e"];
    private static readonly string[] Labels = ["small", "middle", "large"];

    private static T5GemmaConfig Config
    {
        get
        {
            var (config, vocabulary) = (TinyModels.Config.WithLabels(Labels), TinyTokenizer.Pieces.Count);
            return config with { IsEncoderDecoder = false, Encoder = config.Encoder with { VocabSize = vocabulary }, Decoder = config.Decoder with { VocabSize = vocabulary } };
        }
    }

    [TestCase(ProblemType.SingleLabelClassification)]
    [TestCase(ProblemType.MultiLabelClassification)]
    [TestCase(ProblemType.Regression)]
    public async Task ClassifyAsync_TextsOfOtherLengths_AreThePredictionsOfTheModelAlone(ProblemType problem)
    {
        using var model = TinyModels.SequenceClassifier(Config with { ProblemType = problem });
        var expected = Texts.Select(text => Alone(text, problem, ids => model.call(new() { InputIds = ids }).Logits[0])).ToList();
        using var engine = Engine(() => TinyModels.SequenceClassifier(Config with { ProblemType = problem }));
        var classifier = new T5GemmaClassifier(engine);
        var predictions = await classifier.ClassifyAsync(Texts);
        for (var index = 0; index < Texts.Length; index++)
        {
            var scores = expected[index];
            Assert.That(predictions[index].Scores, Is.EqualTo(scores).Within(1e-5));
            Assert.That(predictions[index].Labels, Is.EqualTo(problem switch
            {
                ProblemType.Regression => [],
                ProblemType.MultiLabelClassification => Labels.Where((_, id) => scores[id] > 0.5),
                _ => [Labels[Array.IndexOf(scores, scores.Max())]],
            }));
        }

        Assert.That(await classifier.GetLabelsAsync(), Is.EqualTo(Labels));
        Assert.That(() => classifier.ClassifyWordsAsync(Texts), Throws.TypeOf<NotSupportedException>().With.Message.Contains("does not classify words"));
        Assert.That(() => new T5GemmaChatClient(engine).GetResponseAsync([new(Microsoft.Extensions.AI.ChatRole.User, "abc")]), Throws.TypeOf<NotSupportedException>());
    }

    [Test]
    public async Task ClassifyWordsAsync_Words_HaveTheLabelsOfTheirFirstTokens()
    {
        using var model = TinyModels.TokenClassifier(Config);
        using var engine = Engine(() => TinyModels.TokenClassifier(Config));
        var classifier = new T5GemmaClassifier(engine);
        var predictions = await classifier.ClassifyWordsAsync(["abc  e dd", "so"]);
        Assert.That(predictions[0].Select(word => (word.Word, word.Start)), Is.EqualTo(new[] { ("abc", 0), ("e", 5), ("dd", 7) }));
        Assert.That(predictions[1].Select(word => word.Word), Is.EqualTo(new[] { "so" }));
        using var scope = NewDisposeScope();
        var tokenizer = TinyTokenizer.Create();
        var tokens = tokenizer.EncodeToTokens("abc e dd", addBos: null, addEos: null);
        var ids = torch.tensor(tokens.Select(token => (long)token.Id).ToArray(), [1, tokens.Count], dtype: ScalarType.Int64);
        using var noGrad = torch.no_grad();
        var probabilities = model.call(new() { InputIds = ids }).Logits[0].softmax(-1);
        // The token in which each word begins, a blank before it included.
        int[] firsts = [.. new[] { 0, 4, 6 }.Select(start => tokens.ToList().FindIndex(token => token.Offset.End.Value > start))];
        Assert.That(predictions[0].Select(word => word.Score), Is.EqualTo(firsts.Select(token => probabilities[token].max().item<float>())).Within(1e-5));
        Assert.That(predictions[0].Select(word => word.Label), Is.EqualTo(firsts.Select(token => Labels[probabilities[token].argmax().item<long>()])));
        Assert.That(() => classifier.ClassifyAsync(["abc"]), Throws.TypeOf<NotSupportedException>());
        Assert.That(() => classifier.ClassifyWordsAsync(["  "]), Throws.ArgumentException);
    }

    [Test]
    public async Task ScoreAsync_Targets_AreThoseOfTheModel()
    {
        using var model = HostedTestModels.Generator();
        var tokenizer = TinyTokenizer.Create();
        using var engine = HostedTestModels.Engine(new T5GemmaOptions { ModelId = "tiny", MaxBatchSize = 2 });
        string[] targets = ["abc", "a b c", "dd", "e so"];
        var scores = await new T5GemmaScorer(engine).ScoreAsync("abc abc", targets);
        using var scope = NewDisposeScope();
        using var source = model.Encode(new() { InputIds = Ids(tokenizer.Encode("abc abc")) });
        foreach (var (target, score) in targets.Zip(scores))
        {
            var labels = Ids(tokenizer.Encode(target, addBos: false, addEos: true));
            Assert.That(score.LogLikelihood, Is.EqualTo(model.ScoreTargets(source, labels).Sums[0].item<float>()).Within(1e-3));
            Assert.That((score.TokenCount, score.Mean), Is.EqualTo(((int)labels.size(1), score.LogLikelihood / labels.size(1))));
        }

        Assert.That(await new T5GemmaScorer(engine).ScoreAsync("abc", []), Is.Empty);
        Assert.That(() => new T5GemmaScorer(engine).ScoreAsync("abc", [new string('a', 300_000)]), Throws.ArgumentException);
    }

    private static T5GemmaEngine Engine<TOutput>(Func<T5GemmaPreTrainedModel<T5GemmaInputs, TOutput>> build) => HostedTestModels.Engine(load: () =>
    {
        var model = build();
        return new HostedModel(model, model.Config, TinyTokenizer.Create());
    });

    private static float[] Alone(string text, ProblemType problem, Func<Tensor, Tensor> logitsOf)
    {
        using var noGrad = torch.no_grad();
        using var scope = NewDisposeScope();
        var logits = logitsOf(Ids(TinyTokenizer.Create().Encode(text, parseSpecial: false)));
        return (problem switch
        {
            ProblemType.Regression => logits,
            ProblemType.MultiLabelClassification => logits.sigmoid(),
            _ => logits.softmax(-1),
        }).data<float>().ToArray();
    }

    private static Tensor Ids(int[] ids) => torch.tensor(ids.Select(id => (long)id).ToArray(), [1, ids.Length], dtype: ScalarType.Int64);
}
