using NUnit.Framework;
using T5GemmaSharp.Training.Objectives;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Tests.Training.Objectives.Denoisers;

public sealed class LengthSolverTests
{
    // T5's budgets have one eos in the inputs and one in the labels.
    [TestCase(512, "r:3,0.15", 568, 114)]
    [TestCase(512, "x:12,0.5", 944, 512)]
    [TestCase(512, "x:32,0.15", 598, 94)]
    [TestCase(1024, "r:3,0.15", 1137, 229)]
    [TestCase(4096, "r:3,0.15", 4550, 910)]
    [TestCase(4096, "x:12,0.5", 7560, 4096)]
    public void Solve_BudgetsOfT5_GivesItsLengths(int budget, string text, int length, int labels)
    {
        var denoiser = Denoiser.Parse(text);
        Assert.That(LengthSolver.Solve(denoiser, new ExampleSize(budget - 1, budget - 1, int.MaxValue), SentinelOverflow.Error), Is.EqualTo(length));
        Assert.That(denoiser.SizeOf(length, int.MaxValue).Decoder + 1, Is.EqualTo(labels));
    }

    [Test]
    public void Solve_AnyDenoiser_GivesTheLongestWindowThatFits(
        [Values("r:3,0.15", "x:12,0.5", "x:3,0.5", "x:1,0.9", "x:64,0.15,roll", "s:half", "s:uniform", "s:0.75")] string text,
        [Values(17, 64, 301)] int encoder,
        [Values(20, 128)] int decoder,
        [Values(SentinelOverflow.Shrink, SentinelOverflow.Merge)] SentinelOverflow overflow)
    {
        const int Sentinels = 8;
        var denoiser = Denoiser.Parse(text);
        var merged = overflow == SentinelOverflow.Merge ? Sentinels : int.MaxValue;
        var fitting = Enumerable.Range(2, 2000).Where(length => denoiser.SizeOf(length, merged) is var size && size.Encoder <= encoder && size.Decoder <= decoder && size.Sentinels <= Sentinels);
        Assert.That(LengthSolver.Solve(denoiser, new ExampleSize(encoder, decoder, Sentinels), overflow), Is.EqualTo(fitting.Max()));
    }

    [Test]
    public void Solve_ErrorWithTooFewSentinels_SaysWhatToDo()
        => Assert.That(
            () => LengthSolver.Solve(Denoiser.Parse("r:3,0.15"), new ExampleSize(4095, 4095, Sentinels: 96), SentinelOverflow.Error),
            Throws.ArgumentException.With.Message.EqualTo(
                "options.Overflow: a window of 4550 tokens under r:3,0.15 needs 227 sentinels, the table has 96; choose SentinelOverflow.Shrink (windows of 1929 tokens) "
                + "or SentinelOverflow.Merge (longer spans), lower the budgets, or give a longer SentinelTable"));

    [Test]
    public void Solve_NoRoom_GivesLessThanAWindow()
        => Assert.That(LengthSolver.Solve(PrefixLm.Half, new ExampleSize(0, 10, Sentinels: 0), SentinelOverflow.Error), Is.LessThan(LengthSolver.ShortestWindow));

    [Test]
    public void Solve_UnknownPolicy_NamesIt()
        => Assert.That(() => LengthSolver.Solve(PrefixLm.Half, new ExampleSize(9, 9, Sentinels: 0), (SentinelOverflow)7), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.StartsWith("options.Overflow"));
}
