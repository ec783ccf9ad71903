using NUnit.Framework;
using T5GemmaSharp.Training.Generation;

namespace T5GemmaSharp.Tests.Training.Generation;

public sealed class PromptBatchesTests
{
    [Test]
    public void Plan_Unsorted_KeepsTheOrderAndPartsUnequalBeginnings()
        => Assert.That(Indices(PromptBatches.Plan(Prompts((3, 0), (1, 0), (2, 0), (5, 2), (4, 2), (1, 0)), batchSize: 2, sort: false)), Is.EqualTo(new[] { "0 1", "2", "3 4", "5" }));

    [Test]
    public void Plan_Sorted_PutsLikeLengthsTogether()
        => Assert.That(Indices(PromptBatches.Plan(Prompts((3, 0), (9, 0), (2, 0), (5, 2), (8, 0), (1, 2)), batchSize: 2, sort: true)), Is.EqualTo(new[] { "1 4", "0 2", "3 5" }));

    [Test]
    public void Plan_ManySorted_TakesEachOnceAndLooksNotFarAhead()
    {
        var prompts = Prompts([.. Enumerable.Range(0, 1000).Select(index => (index, 0))]);
        var batches = PromptBatches.Plan(prompts, batchSize: 4, sort: true).ToArray();
        Assert.That(batches.SelectMany(batch => batch).Select(prompt => prompt.Index).Order(), Is.EqualTo(Enumerable.Range(0, 1000)));
        Assert.That(batches[..64].SelectMany(batch => batch).Select(prompt => prompt.Index), Is.All.LessThan(4 * 64));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Plan_Nothing_GivesNothing(bool sort)
        => Assert.That(PromptBatches.Plan([], batchSize: int.MaxValue, sort), Is.Empty);

    private static EncodedPrompt[] Prompts(params (int Source, int Start)[] lengths)
        => [.. lengths.Select((length, index) => new EncodedPrompt(index, new int[length.Source], new int[length.Start]))];

    private static IEnumerable<string> Indices(IEnumerable<EncodedPrompt[]> batches) => batches.Select(batch => string.Join(' ', batch.Select(prompt => prompt.Index)));
}
