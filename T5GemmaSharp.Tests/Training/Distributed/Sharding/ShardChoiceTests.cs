using NUnit.Framework;
using T5GemmaSharp.Training.Distributed.Sharding;

namespace T5GemmaSharp.Tests.Training.Distributed.Sharding;

public sealed class ShardChoiceTests
{
    [TestCase(0)]
    [TestCase(3)]
    [TestCase(1000)]
    public void Range_AllParts_AreOneBehindTheOther(long things)
    {
        var ranges = Enumerable.Range(0, 7).Select(index => new ShardChoice(index, 7).Range(things)).ToList();
        Assert.That(ranges.Select(range => range.From), Is.EqualTo(ranges.SkipLast(1).Select(range => range.To).Prepend(0)));
        Assert.That(ranges[^1].To, Is.EqualTo(things));
        Assert.That(ranges.Max(range => range.To - range.From) - ranges.Min(range => range.To - range.From), Is.LessThanOrEqualTo(1));
    }

    [Test]
    public void Parse_WordsAndEnvironments_GiveThePart() => Assert.Multiple(() =>
    {
        Assert.That(Parse("3/5"), Is.EqualTo(new ShardChoice(3, 5)));
        Assert.That(Parse("auto", "RANK=1", "WORLD_SIZE=4"), Is.EqualTo(new ShardChoice(1, 4)));
        Assert.That(Parse("auto", "SLURM_ARRAY_TASK_ID=12", "SLURM_ARRAY_TASK_COUNT=3", "SLURM_ARRAY_TASK_MIN=10"), Is.EqualTo(new ShardChoice(2, 3)));
    });

    [TestCase("5/5")]
    [TestCase("-1/5")]
    [TestCase("1")]
    [TestCase("1/0")]
    [TestCase("auto")]
    public void Parse_SomethingElse_IsRefused(string text) => Assert.That(() => Parse(text), Throws.TypeOf<FormatException>().With.Message.Contains("--shard"));

    [Test]
    public void PathOf_Part_HasItsNumber() => Assert.Multiple(() =>
    {
        Assert.That(new ShardChoice(3, 12).PathOf(Path.Combine("out", "answers.jsonl")), Is.EqualTo(Path.Combine("out", "answers-00003-of-00012.jsonl")));
        Assert.That(new ShardChoice(0, 1).PathOf("answers.jsonl"), Is.EqualTo("answers.jsonl"));
    });

    private static ShardChoice Parse(string text, params string[] variables)
    {
        var values = variables.Select(variable => variable.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return ShardChoice.Parse(text, name => values.GetValueOrDefault(name));
    }
}
