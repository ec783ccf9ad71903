using NUnit.Framework;
using T5GemmaSharp.Training.Optimization;

namespace T5GemmaSharp.Tests.Training.Optimization;

public sealed class LearningRateTests
{
    [TestCase(LearningRateSchedule.Constant, 0, 0.0)]
    [TestCase(LearningRateSchedule.Constant, 5, 0.5)]
    [TestCase(LearningRateSchedule.Constant, 99, 1.0)]
    [TestCase(LearningRateSchedule.Linear, 5, 0.5)]
    [TestCase(LearningRateSchedule.Linear, 10, 1.0)]
    [TestCase(LearningRateSchedule.Linear, 55, 0.5)]
    [TestCase(LearningRateSchedule.Linear, 100, 0.0)]
    [TestCase(LearningRateSchedule.Linear, 200, 0.0)]
    [TestCase(LearningRateSchedule.Cosine, 10, 1.0)]
    [TestCase(LearningRateSchedule.Cosine, 40, 0.75)] // a third of the way: (1 + cos 60°) / 2
    [TestCase(LearningRateSchedule.Cosine, 55, 0.5)]
    [TestCase(LearningRateSchedule.Cosine, 100, 0.0)]
    [TestCase(LearningRateSchedule.Cosine, 200, 0.0)]
    public void Factor_WarmupOfTenInAHundred_IsTheFormulasValue(LearningRateSchedule schedule, int step, double expected)
        => Assert.That(LearningRate.Factor(schedule, step, warmupSteps: 10, totalSteps: 100), Is.EqualTo(expected).Within(1e-12));

    [Test]
    public void Factor_NoWarmup_StartsAtThePeak()
        => Assert.That(LearningRate.Factor(LearningRateSchedule.Cosine, step: 0, warmupSteps: 0, totalSteps: 10), Is.EqualTo(1));
}
