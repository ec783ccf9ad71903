using NUnit.Framework;
using T5GemmaSharp.Generation.Streaming;
using T5GemmaSharp.Training.Generation;

namespace T5GemmaSharp.Tests.Training.Generation;

public sealed class OrderedAnswersTests
{
    [Test]
    public void Add_LaterFirst_WaitsForTheEarlier()
    {
        var released = new List<string>();
        var answers = new OrderedAnswers(answer => released.Add($"{answer.Index}.{answer.Result}"));
        answers.Add([Answer(2), Answer(1, 0), Answer(1, 1)]);
        Assert.That(released, Is.Empty);
        answers.Add([Answer(0)]);
        Assert.That(released, Is.EqualTo(new[] { "0.0", "1.0", "1.1", "2.0" }));
    }

    [Test]
    public void ReleaseRest_Gap_PassesOnWhatIsThere()
    {
        var released = new List<int>();
        var answers = new OrderedAnswers(answer => released.Add(answer.Index));
        answers.Add([Answer(5), Answer(3), Answer(0)]);
        answers.ReleaseRest();
        answers.ReleaseRest();
        Assert.That(released, Is.EqualTo(new[] { 0, 3, 5 }));
    }

    private static Answer Answer(int index, int result = 0) => new() { Index = index, Result = result, Text = "", Ids = [], FinishReason = FinishReason.Length };
}
