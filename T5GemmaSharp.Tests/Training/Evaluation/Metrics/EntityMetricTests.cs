using NUnit.Framework;
using T5GemmaSharp.Training.Evaluation.Metrics;

namespace T5GemmaSharp.Tests.Training.Evaluation.Metrics;

public sealed class EntityMetricTests
{
    [TestCase("O O", "")]
    [TestCase("", "")]
    [TestCase("B-PER I-PER O B-LOC", "PER:0-2 LOC:3-4")]
    [TestCase("B-PER B-PER", "PER:0-1 PER:1-2")]
    [TestCase("O I-PER I-PER", "PER:1-3")]         // I after O begins
    [TestCase("B-PER I-LOC I-LOC", "PER:0-1 LOC:1-3")] // and so does I after another type
    [TestCase("I-PER B-PER I-PER", "PER:0-1 PER:1-3")]
    [TestCase("B-A-B I-A-B", "A-B:0-2")]
    [TestCase("B I O I", ":0-2 :3-4")]
    [TestCase("B-PER X I-PER PER BPER", "PER:0-1 PER:2-3")] // what is no tag counts as O
    public void Read_Tags_GivesTheEntities(string tags, string expected)
        => Assert.That(string.Join(' ', EntitySpan.Read(Split(tags)).Select(span => $"{span.Type}:{span.Start}-{span.End}")), Is.EqualTo(expected));

    [Test]
    public void Compute_TwoSentences_CountsEntitiesThatAreWhollyRight()
    {
        var metric = new EntityMetric();
        metric.Add("B-PER I-PER O B-LOC O", ["B-PER I-PER O B-ORG O"]); // PER right, LOC wrong, ORG missed
        metric.Add("B-PER O O O", ["B-PER I-PER O B-LOC"]);             // too short, LOC missed
        // 1 right of 3 predicted and of 4 expected: 1/3, 1/4, 2*1/(3+4)
        Assert.That(metric.Compute().Select(value => value.Value), Is.EqualTo(new[] { 1 / 3.0, 1 / 4.0, 2 / 7.0 }).Within(1e-12));
        // PER: 1 of 2 and 2, F1 = 1/2; LOC and ORG: 0
        Assert.That(metric.Types.Scores(Averaging.Macro).F1, Is.EqualTo(1 / 6.0).Within(1e-12));
    }

    [Test]
    public void Compute_EntityAtTheEndOfASentence_EndsThere()
    {
        var metric = new EntityMetric();
        metric.Add(["B-PER"], ["B-PER"]);
        metric.Add(["I-PER"], ["B-PER"]); // both are an entity of one tag
        Assert.That(metric.Compute().Select(value => value.Value), Is.All.EqualTo(1));
    }

    [Test]
    public void Compute_NothingToFind_IsZero()
    {
        var metric = new EntityMetric();
        metric.Add("O O", ["O O"]);
        Assert.That(metric.Compute(), Is.EqualTo(new MetricValue[] { new("entity_precision", 0), new("entity_recall", 0), new("entity_f1", 0) }));
    }

    [Test]
    public void Add_TextWithOtherNumberOfTags_IsCounted()
    {
        var metric = new EntityMetric();
        metric.Add("B-PER", ["B-PER O B-LOC"]); // 1 of 1 and of 2
        Assert.That(metric.Compute().Select(value => value.Value), Is.EqualTo(new[] { 1, 1 / 2.0, 2 / 3.0 }).Within(1e-12));
    }

    [Test]
    public void Add_WrongTags_NamesThem()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => new EntityMetric().Add("O", ["PER"]), Throws.ArgumentException.With.Message.Contains("\"PER\""));
            Assert.That(() => new EntityMetric().Add(["O"], ["O", "O"]), Throws.ArgumentException.With.Message.Contains("expected 2 tags, got 1"));
            Assert.That(() => new EntityMetric().Add("O", ["O", "O"]), Throws.ArgumentException.With.Message.Contains("expected one, got 2"));
        }
    }

    private static string[] Split(string tags) => tags.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
