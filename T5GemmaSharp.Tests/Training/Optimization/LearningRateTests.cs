using NUnit.Framework;
using T5GemmaSharp.Training.Optimization;

namespace T5GemmaSharp.Tests.Training.Optimization;

public sealed class LearningRateTests
{
    private const double Peak = 0.01;

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

    /// <summary>The schedules that were there before the others: their parameters must not change a bit of a run.</summary>
    [Test]
    public void Factor_DefaultParameters_IsTheFormulaToTheLastBit()
    {
        using (Assert.EnterMultipleScope())
        {
            for (var step = 0; step < 1100; step++)
            {
                var progress = (double)(step - 37) / (1000 - 37);
                Assert.That(Factor(LearningRateSchedule.Cosine), Is.EqualTo(step < 37 ? (double)step / 37 : Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, progress))))));
                Assert.That(Factor(LearningRateSchedule.Linear), Is.EqualTo(step < 37 ? (double)step / 37 : Math.Max(0, 1 - progress)));

                double Factor(LearningRateSchedule schedule) => LearningRate.Factor(schedule, step, warmupSteps: 37, totalSteps: 1000, peak: 3e-3, new ScheduleParameters());
            }
        }
    }

    [TestCase(25, 0.75)] // a sixth of the way: (1 + cos 60°) / 2
    [TestCase(55, 0.0)]  // half the way: a whole fall
    [TestCase(100, 1.0)] // and back up
    [TestCase(200, 1.0)]
    public void Factor_CosineOfAWholeCycle_RisesAgain(int step, double expected)
        => AssertFactor(LearningRateSchedule.Cosine, step, expected, new ScheduleParameters { Cycles = 1 });

    [TestCase(5, 0.5)]
    [TestCase(10, 1.0)]
    [TestCase(40, 0.25)] // a third of the way, two thirds of the first fall: (1 + cos 120°) / 2
    [TestCase(55, 1.0)]  // the restart
    [TestCase(70, 0.75)] // two thirds of the way, a third of the second fall: (1 + cos 60°) / 2
    [TestCase(100, 0.0)]
    [TestCase(200, 0.0)]
    public void Factor_CosineWithTwoCycles_RestartsHalfway(int step, double expected)
        => AssertFactor(LearningRateSchedule.CosineWithRestarts, step, expected, new ScheduleParameters { Cycles = 2 });

    [TestCase(40, 0.75)]
    [TestCase(55, 0.5)]
    [TestCase(100, 0.0)]
    public void Factor_CosineWithRestartsByDefault_FallsOnce(int step, double expected)
        => AssertFactor(LearningRateSchedule.CosineWithRestarts, step, expected, parameters: null);

    // The minimum is a tenth of the peak: cosine * 0.9 + 0.1.
    [TestCase(5, 0.5)] // the warm-up begins at 0 all the same
    [TestCase(10, 1.0)]
    [TestCase(40, 0.775)]
    [TestCase(55, 0.55)]
    [TestCase(100, 0.1)]
    [TestCase(200, 0.1)]
    public void Factor_CosineWithMinimum_EndsThere(int step, double expected)
        => AssertFactor(LearningRateSchedule.CosineWithMinimum, step, expected, new ScheduleParameters { MinimumLearningRate = Peak / 10 });

    // The end is a fifth of the peak: (1 - progress)^2 * 0.8 + 0.2.
    [TestCase(5, 0.5)]
    [TestCase(10, 1.0)]
    [TestCase(55, 0.4)]
    [TestCase(100, 0.2)]
    [TestCase(150, 0.2)]
    public void Factor_SquaredPolynomial_EndsAtItsLearningRate(int step, double expected)
        => AssertFactor(LearningRateSchedule.Polynomial, step, expected, new ScheduleParameters { EndLearningRate = Peak / 5, Power = 2 });

    [TestCase(55, (0.5 * (1 - 1e-5)) + 1e-5)] // 1e-7 is 1e-5 of the peak
    [TestCase(100, 1e-5)]
    public void Factor_PolynomialByDefault_IsALineToAlmostZero(int step, double expected)
        => AssertFactor(LearningRateSchedule.Polynomial, step, expected, parameters: null);

    [TestCase(10, null, 5, 0.5)]
    [TestCase(10, null, 10, 1.0)]
    [TestCase(10, null, 40, 0.5)]    // sqrt(10 / 40): the timescale is the warm-up
    [TestCase(10, null, 1000, 0.1)]  // sqrt(10 / 1000), beyond the last step too
    [TestCase(10, 20, 10, 1.0)]
    [TestCase(10, 20, 70, 0.5)]      // sqrt(20 / (70 + 20 - 10))
    [TestCase(0, null, 0, 1.0)]
    [TestCase(0, null, 30_000, 0.5)] // sqrt(10000 / 40000)
    public void Factor_InverseSquareRoot_IsTheFormulasValue(int warmupSteps, int? timescale, int step, double expected)
        => Assert.That(
            LearningRate.Factor(LearningRateSchedule.InverseSquareRoot, step, warmupSteps, totalSteps: 100, Peak, new ScheduleParameters { Timescale = timescale }),
            Is.EqualTo(expected).Within(1e-12));

    // Warm-up of 20, 40 stable steps, decay of 40; the minimum is a tenth of the peak: shape * 0.9 + 0.1.
    [TestCase(RampShape.Linear, RampShape.Cosine, 0, 0.1)]
    [TestCase(RampShape.Linear, RampShape.Cosine, 5, 0.325)]                // 1/4
    [TestCase(RampShape.Cosine, RampShape.Cosine, 10, 0.55)]                // (1 - cos 90°) / 2
    [TestCase(RampShape.OneMinusSquareRoot, RampShape.Cosine, 15, 0.55)]    // 1 - sqrt(1 - 3/4)
    [TestCase(RampShape.Linear, RampShape.Cosine, 20, 1.0)]
    [TestCase(RampShape.Linear, RampShape.Cosine, 59, 1.0)]
    [TestCase(RampShape.Linear, RampShape.Cosine, 60, 1.0)]
    [TestCase(RampShape.Linear, RampShape.Cosine, 80, 0.55)]                // (1 + cos 90°) / 2
    [TestCase(RampShape.Linear, RampShape.Linear, 70, 0.775)]               // 3/4
    [TestCase(RampShape.Linear, RampShape.OneMinusSquareRoot, 70, 0.55)]    // 1 - sqrt(1/4)
    [TestCase(RampShape.Linear, RampShape.Linear, 100, 0.1)]
    [TestCase(RampShape.Linear, RampShape.Linear, 500, 0.1)]
    public void Factor_WarmupStableDecay_IsTheFormulasValue(RampShape warmup, RampShape decay, int step, double expected)
    {
        var parameters = new ScheduleParameters { DecaySteps = 40, MinimumLearningRate = Peak / 10, WarmupShape = warmup, DecayShape = decay };
        Assert.That(LearningRate.Factor(LearningRateSchedule.WarmupStableDecay, step, warmupSteps: 20, totalSteps: 100, Peak, parameters), Is.EqualTo(expected).Within(1e-12));
    }

    [TestCase(0, null, 0.01)]
    [TestCase(10_000, null, 0.01)]
    [TestCase(40_000, null, 0.005)] // 1 / 200
    [TestCase(400, 100, 0.05)]      // 1 / 20
    public void Factor_T5Legacy_GivesThatLearningRateWhateverThePeak(int step, int? timescale, double expected)
        => Assert.That(
            3 * LearningRate.Factor(LearningRateSchedule.T5Legacy, step, warmupSteps: 0, totalSteps: 100, peak: 3, new ScheduleParameters { Timescale = timescale }),
            Is.EqualTo(expected).Within(1e-15));

    [TestCaseSource(nameof(Falling))]
    public void Factor_AfterTheWarmup_FallsWithinItsBounds(LearningRateSchedule schedule)
    {
        var parameters = new ScheduleParameters { DecaySteps = 30, MinimumLearningRate = Peak / 4 };
        var factors = Enumerable.Range(10, 150).Select(step => LearningRate.Factor(schedule, step, warmupSteps: 10, totalSteps: 100, Peak, parameters)).ToArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(factors[0], Is.EqualTo(1).Within(1e-12));
            Assert.That(factors, Is.Ordered.Descending);
            Assert.That(factors, Is.All.InRange(0.0, 1.0));
        }
    }

    [Test]
    public void Factor_DecayWithoutSteps_Throws()
        => Assert.That(() => LearningRate.Factor(LearningRateSchedule.WarmupStableDecay, step: 0, warmupSteps: 0, totalSteps: 10), Throws.ArgumentException.With.Message.Contains("DecaySteps"));

    [Test]
    public void Factor_NumbersOutOfRange_Throw()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => LearningRate.Factor((LearningRateSchedule)99, step: 0, warmupSteps: 0, totalSteps: 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => LearningRate.Factor(LearningRateSchedule.Linear, step: -1, warmupSteps: 0, totalSteps: 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => LearningRate.Factor(LearningRateSchedule.Linear, step: 0, warmupSteps: 0, totalSteps: 1, peak: 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        }
    }

    private static IEnumerable<LearningRateSchedule> Falling
        => Enum.GetValues<LearningRateSchedule>().Except([LearningRateSchedule.T5Legacy]); // which begins at a learning rate of its own

    private static void AssertFactor(LearningRateSchedule schedule, int step, double expected, ScheduleParameters? parameters)
        => Assert.That(LearningRate.Factor(schedule, step, warmupSteps: 10, totalSteps: 100, Peak, parameters), Is.EqualTo(expected).Within(1e-12));
}
