using NUnit.Framework;
using T5GemmaSharp.Training.Evaluation.Metrics;

namespace T5GemmaSharp.Tests.Training.Evaluation.Metrics;

public sealed class RougeMetricTests
{
    [Test]
    public void Compute_OneLine_IsTheHandMadeSum()
    {
        // 6 words each; "the" once, "cat", "on", "mat" in both: F1 = 2*4/(6+6). Of 5 pairs each, "the cat" is in both: 2*1/(5+5).
        // The longest common subsequence is "the cat on mat": 2*4/(6+6).
        var values = Rouge(("The cat sat on the mat.", ["The cat lay on a mat!"]));
        Assert.That(values, Is.EqualTo(new[] { 100 * 8 / 12.0, 100 * 2 / 10.0, 100 * 8 / 12.0, 100 * 8 / 12.0 }).Within(1e-9));
    }

    [Test]
    public void RougeL_OtherOrder_CountsASubsequence()
    {
        // "d c b a" and "a b c d" have all words and no pair in common; one word is a longest common subsequence: 2*1/(4+4).
        Assert.That(Rouge(("d c b a", ["a b c d"])), Is.EqualTo(new[] { 100, 0, 25, 25.0 }).Within(1e-9));
    }

    [Test]
    public void RougeLsum_ExampleOfThePaper_TakesTheUnion()
    {
        // Section 3.2: the subsequences of the reference are w1 w2 and w1 w3 w5, their union w1 w2 w3 w5: P = 4/10, R = 4/5, F1 = 2*4/(10+5).
        var values = Rouge(("w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", ["w1 w2 w3 w4 w5"]));
        Assert.That(values[3], Is.EqualTo(100 * 8 / 15.0).Within(1e-9));
    }

    [Test]
    public void RougeLsum_WordInTwoReferenceLines_CountsAsOftenAsPredicted()
    {
        // The unions are "a b" and "a c"; the prediction has one a: 3 of 3 predicted and of 4 expected words, 2*3/(3+4).
        Assert.That(Rouge(("a b c", ["a b\na c"]))[3], Is.EqualTo(100 * 6 / 7.0).Within(1e-9));
    }

    [Test]
    public void RougeLsum_EquallyLongSubsequences_TakesThatOfRougeScore()
    {
        // "b a" shares "a" or "b" with "a b"; the walk of rouge_score takes "a", which "a c" shares too: 2*1/(4+2), not 2*2/(4+2).
        Assert.That(Rouge(("b a\na c", ["a b"]))[3], Is.EqualTo(100 * 2 / 6.0).Within(1e-9));
    }

    [Test]
    public void RougeLsum_EmptyLines_AreNoLines()
        => Assert.That(Rouge(("\na b\n\nc\n", ["a b\nc"])), Is.All.EqualTo(100).Within(1e-9));

    [Test]
    public void Compute_Stemmed_ComparesStemsOfLongWords()
    {
        // Stems "the cat were run" and "the cat run": 2*3/(4+3); without stems only "the": 2*1/(4+3).
        var example = ("The cats were running", (string[])["the cat runs"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Rouge(example)[0], Is.EqualTo(100 * 2 / 7.0).Within(1e-9));
            Assert.That(Rouge(useStemmer: true, example)[0], Is.EqualTo(100 * 6 / 7.0).Within(1e-9));
            Assert.That(Rouge(useStemmer: true, ("gas", ["ga"]))[0], Is.Zero); // three letters keep their s
        }
    }

    [Test]
    public void Compute_SeveralReferences_TakesTheBestOfEachNumber()
    {
        // Words: 2*2/(2+2) with the second; pairs: 2*1/(1+3) with the first. Subsequence: 2*2/(2+4) with the first, 2*1/(2+2) with the second.
        var values = Rouge(("a b", ["a b x y", "b a"]));
        Assert.That(values[..3], Is.EqualTo(new[] { 100, 50, 100 * 4 / 6.0 }).Within(1e-9));
    }

    [Test]
    public void Compute_SeveralExamples_IsTheirMean()
        => Assert.That(Rouge(("a b", ["a b"]), ("x", ["y"]), ("", ["y"]), ("a", ["a c"])), Is.EqualTo(new[] { 100 * (1 + 2 / 3.0) / 4, 25, 100 * (1 + 2 / 3.0) / 4, 100 * (1 + 2 / 3.0) / 4 }).Within(1e-9));

    [TestCase("", "a")]
    [TestCase("a", "")]
    [TestCase("", "")]
    [TestCase("!?", "...")]
    [TestCase("日本", "日本")] // rouge_score knows no other letters than ASCII's
    public void Compute_NoWords_IsZero(string prediction, string reference)
        => Assert.That(Rouge((prediction, [reference])), Is.All.Zero);

    [Test]
    public void Compute_Nothing_IsZeroInAFixedOrder()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(new RougeMetric().Compute(), Is.EqualTo(new MetricValue[] { new("rouge1", 0), new("rouge2", 0), new("rougeL", 0), new("rougeLsum", 0) }));
            Assert.That(new RougeMetric(useStemmer: true).Compute()[2].Name, Is.EqualTo("rougeL_stemmed"));
        }
    }

    [Test]
    public void Add_NoReference_Throws()
        => Assert.That(() => new RougeMetric().Add("a", []), Throws.ArgumentException.With.Message.Contains("at least one"));

    private static double[] Rouge(params (string Prediction, string[] References)[] examples) => Rouge(useStemmer: false, examples);

    private static double[] Rouge(bool useStemmer, params (string Prediction, string[] References)[] examples)
    {
        var metric = new RougeMetric(useStemmer);
        foreach (var (prediction, references) in examples)
            metric.Add(prediction, references);
        return [.. metric.Compute().Select(value => value.Value)];
    }
}
