using CsCheck;
using NUnit.Framework;
using T5GemmaSharp.Training.Evaluation.Metrics;

namespace T5GemmaSharp.Tests.Training.Evaluation.Metrics;

public sealed class MetricSetTests
{
    private static readonly string[] TextMetrics = ["rouge", "rouge_stemmed", "bleu", "exact_match", "squad_f1"];

    private static readonly string[] Words = ["the", "cat", "cats", "sat", "on", "mat", "3.5", "\n", "!"];

    private static readonly Gen<string> Text = Gen.Int[0, Words.Length - 1].Array[0, 8].Select(places => string.Join(' ', places.Select(place => Words[place])));

    private static readonly Gen<(string Prediction, string[] References)[]> Examples = Gen.Select(Text, Text.Array[1, 3]).Array[1, 6];

    [Test]
    public void Compute_SeveralNames_GivesTheirNumbersInTheirOrder()
    {
        var set = MetricSet.Create(["accuracy", "exact_match", "rouge"]);
        set.Add("a dog", ["a dog"]);
        set.Add("dogs", ["The cat"]);
        Assert.That(set.Compute(), Is.EqualTo(new MetricValue[] { new("accuracy", 0.5), new("exact_match", 50), new("rouge1", 50), new("rouge2", 50), new("rougeL", 50), new("rougeLsum", 50) }));
    }

    [Test]
    public void Compute_BeforeAnyExample_IsZeroForEveryMetric()
    {
        var values = MetricSet.Create(MetricSet.Names).Compute();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(values.Select(value => value.Value), Is.All.Zero);
            Assert.That(values.Select(value => value.Name), Is.Unique);
            Assert.That(values, Has.Count.EqualTo(39)); // 4+4+1+1+1 of texts, 1+9+1 of labels, 1+1 of numbers, 3 of tags, 2 of phonemes
        }
    }

    [Test]
    public void Create_WrongNames_ListsAll()
        => Assert.That(
            () => MetricSet.Create(["rouge", "blue", "bleu", "rouge", "meteor"]),
            Throws.ArgumentException.With.Message.Contains("\"blue\" is unknown; \"meteor\" is unknown; \"rouge\" is given 2 times").And.Message.Contains("exact_match, squad_f1"));

    [Test]
    public void Classification_Texts_AreComparedWithoutBlanksAround()
    {
        // Of 3, 2 are right: yes 1 of 1 and 1, no 1 of 1 and 2, "" predicted once: macro P = 2/3, R = (1+1/2)/3, F1 = (1+2/3)/3.
        var values = Values(MetricSet.Create(["precision_recall_f1", "matthews_correlation"]), (" yes\n", ["yes"]), ("no", ["no"]), ("", ["no"]));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(values["f1_micro"], Is.EqualTo(2 / 3.0).Within(1e-12));
            Assert.That(values["precision_macro"], Is.EqualTo(2 / 3.0).Within(1e-12));
            Assert.That(values["recall_macro"], Is.EqualTo(1 / 2.0).Within(1e-12));
            Assert.That(values["f1_macro"], Is.EqualTo(5 / 9.0).Within(1e-12));
            Assert.That(values["recall_weighted"], Is.EqualTo(2 / 3.0).Within(1e-12));
            Assert.That(values["matthews_correlation"], Is.EqualTo(3 / Math.Sqrt(6 * 4)).Within(1e-12)); // 2*3-(1*1+1*2), 9-(1+1+1), 9-(1+4)
        }
    }

    [Test]
    public void MultiLabelF1_Lists_AreComparedAsSets()
    {
        // Right: x of the first, x of the third. Predicted: x, x, y. Expected: x, z, x.
        var values = Values(MetricSet.Create(["multi_label_f1"]), ("[\"x\"]", ["[\"x\"]"]), ("neither", ["[\"z\"]"]), ("[\"y\",\"x\"]", ["[\"x\"]"]), ("[]", ["[]"]));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(values["subset_accuracy"], Is.EqualTo(2 / 4.0));
            Assert.That((values["multi_label_precision_micro"], values["multi_label_recall_micro"]), Is.EqualTo((2 / 3.0, 2 / 3.0)));
            Assert.That(values["multi_label_f1_macro"], Is.EqualTo(1 / 3.0).Within(1e-12)); // 1 for x, 0 for y and z
        }
    }

    [TestCase("x")]
    [TestCase("[null]")]
    [TestCase("[1]")]
    public void MultiLabelF1_ReferenceThatIsNoList_Throws(string reference)
        => Assert.That(() => MetricSet.Create(["multi_label_f1"]).Add("[]", [reference]), Throws.ArgumentException.With.Message.Contains(reference));

    [Test]
    public void Correlations_AnswerThatIsNoNumber_CountsAsMinusOne()
    {
        // As if (-1, 2), (1, 3), (3, 4) were given: a straight line.
        var values = Values(MetricSet.Create(["pearson", "spearman"]), ("three", ["2"]), (" 1.0 ", ["3"]), ("3e0", ["4.0"]));
        Assert.That(values.Values, Is.All.EqualTo(1).Within(1e-12));
    }

    [Test]
    public void Correlations_ReferenceThatIsNoNumber_Throws()
        => Assert.That(() => MetricSet.Create(["pearson"]).Add("1", ["high"]), Throws.ArgumentException.With.Message.Contains("\"high\""));

    [Test]
    public void Pronunciation_Examples_AreThoseOfPronunciationErrors()
    {
        var values = Values(MetricSet.Create(["pronunciation"]), ("K AE T", ["K AE T"]), ("D AO", ["D AO G"])); // one of two words, one of six phonemes
        Assert.That((values["word_error_rate"], values["phoneme_error_rate"]), Is.EqualTo((1 / 2.0, 1 / 6.0)));
    }

    [Test]
    public void TextMetrics_AnyTexts_AreWithinBoundsInAnyOrder() => Examples.Sample(examples =>
    {
        var values = Values(MetricSet.Create(TextMetrics), examples);
        var backwards = Values(MetricSet.Create(TextMetrics), [.. examples.Reverse()]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(values.Values, Is.All.InRange(0.0, 100 + 1e-9));
            Assert.That(backwards.Values, Is.EqualTo(values.Values).Within(1e-9));
        }
    });

    [Test]
    public void TextMetrics_OneMoreReference_LowersNoMean() => Gen.Select(Text, Text.Array[1, 2], Text).Sample((prediction, references, another) =>
    {
        string[] metrics = [.. TextMetrics.Where(name => name != "bleu")]; // whose brevity penalty may grow with a longer reference
        var values = Values(MetricSet.Create(metrics), (prediction, references));
        var more = Values(MetricSet.Create(metrics), (prediction, [.. references, another]));
        using (Assert.EnterMultipleScope())
        {
            foreach (var (name, value) in values)
                Assert.That(more[name], Is.GreaterThanOrEqualTo(value), name);
        }
    });

    [Test]
    public void TextMetrics_PredictionIsTheReference_AreAHundred()
    {
        var values = Values(MetricSet.Create(TextMetrics), ("One line of words,\nanother: 3.5 of them.", ["One line of words,\nanother: 3.5 of them."]));
        Assert.That(values.Values, Is.All.EqualTo(100).Within(1e-9));
    }

    private static Dictionary<string, double> Values(MetricSet set, params (string Prediction, string[] References)[] examples)
    {
        foreach (var (prediction, references) in examples)
            set.Add(prediction, references);
        return set.Compute().ToDictionary(value => value.Name, value => value.Value);
    }
}
