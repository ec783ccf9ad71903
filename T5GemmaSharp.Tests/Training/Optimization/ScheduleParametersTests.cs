using NUnit.Framework;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Optimization;

namespace T5GemmaSharp.Tests.Training.Optimization;

public sealed class ScheduleParametersTests
{
    /// <summary>Every parameter out of its range.</summary>
    private static readonly ScheduleParameters Wrong = new()
    {
        Cycles = 0,
        MinimumLearningRate = 2,
        EndLearningRate = 1,
        Power = double.NaN,
        Timescale = 0,
        DecaySteps = 91,
        WarmupShape = (RampShape)7,
        DecayShape = (RampShape)8,
    };

    [TestCase(LearningRateSchedule.Constant, "")]
    [TestCase(LearningRateSchedule.Linear, "")]
    [TestCase(LearningRateSchedule.Cosine, "Cycles: expected above 0, got 0")]
    [TestCase(LearningRateSchedule.CosineWithRestarts, "Cycles: expected above 0, got 0")]
    [TestCase(LearningRateSchedule.CosineWithMinimum, "Cycles: expected above 0, got 0; MinimumLearningRate: expected 0 to the peak (1), got 2")]
    [TestCase(LearningRateSchedule.Polynomial, "EndLearningRate: expected 0 to below the peak (1), got 1; Power: expected above 0, got NaN")]
    [TestCase(LearningRateSchedule.InverseSquareRoot, "Timescale: expected at least 1, got 0")]
    [TestCase(LearningRateSchedule.WarmupStableDecay, "MinimumLearningRate: expected 0 to the peak (1), got 2; DecaySteps: expected 0 to the steps after the warm-up (90) for WarmupStableDecay, got 91; WarmupShape: expected Linear, Cosine, OneMinusSquareRoot, got 7; DecayShape: expected Linear, Cosine, OneMinusSquareRoot, got 8")]
    [TestCase(LearningRateSchedule.T5Legacy, "Timescale: expected at least 1, got 0; WarmupSteps: expected 0 for T5Legacy, which begins constant, got 10")]
    public void Validate_EverythingWrong_ListsWhatTheScheduleUses(LearningRateSchedule schedule, string expected)
    {
        var faults = Wrong.Faults(schedule, warmupSteps: 10, totalSteps: 100, peak: 1);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(string.Join("; ", faults), Is.EqualTo(expected));
            if (faults.Count > 0)
                Assert.That(() => Wrong.Validate(schedule, warmupSteps: 10, totalSteps: 100, peak: 1), Throws.ArgumentException.With.Message.EqualTo(expected));
            else
                Assert.That(() => Wrong.Validate(schedule, warmupSteps: 10, totalSteps: 100, peak: 1), Throws.Nothing);
        }
    }

    [Test]
    public void Validate_Defaults_LackOnlyTheStepsOfTheDecay()
    {
        var faults = Enum.GetValues<LearningRateSchedule>().SelectMany(schedule => new ScheduleParameters().Faults(schedule, warmupSteps: 0, totalSteps: 100, peak: 1e-3));
        Assert.That(faults, Is.EqualTo(new[] { "DecaySteps: expected 0 to the steps after the warm-up (100) for WarmupStableDecay, got none" }));
    }

    [Test]
    public void Validate_StableDecayOnACosine_ChecksItsCycles()
        => Assert.That(
            new ScheduleParameters { DecaySteps = 90, Cycles = -1 }.Faults(LearningRateSchedule.WarmupStableDecay, warmupSteps: 10, totalSteps: 100, peak: 1),
            Is.EqualTo(new[] { "Cycles: expected above 0, got -1" }));

    [Test]
    public void TrainingOptions_WrongParameters_AreAmongItsFaults()
        => Assert.That(
            new TrainingOptions { Steps = 10, BatchSize = 0, Schedule = LearningRateSchedule.WarmupStableDecay }.Validate,
            Throws.ArgumentException.With.Message.Contains("BatchSize").And.Message.Contains("DecaySteps"));
}
