using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Distributed;
using T5GemmaSharp.Training.Distributed.Gradients;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Distributed.Gradients;

public sealed class DataParallelTests
{
    private static readonly DataParallelOptions Sharded = new() { BucketBytes = 8000, ChecksumSteps = 3 };
    private static readonly DataParallelOptions Replicated = Sharded with { ShardsOptimizer = false };

    [Test]
    public void Run_OnSeveralRanks_HasTheLossesOfOne([Values(2, 3)] int world, [Values] bool shards, [Values] bool isSegmented)
    {
        var expected = ParallelRun.Of(isSegmented: isSegmented);
        var actual = LocalRanks.Run(world, ranks => ParallelRun.Of(ranks, shards ? Sharded : Replicated, isSegmented));
        using (Assert.EnterMultipleScope())
        {
            foreach (var run in actual)
            {
                AssertSameCourse(run, expected, relative: 1e-6);
                Assert.That(run.Weights, Is.EqualTo(actual[0].Weights), "every rank has the same bits");
                Assert.That(run.Average, Is.EqualTo(actual[0].Average), "and of the average");
            }
        }
    }

    [Test]
    public void Run_Sharded_IsTheReplicatedUpdate([Values(ScalarType.Float32, ScalarType.BFloat16)] ScalarType dtype)
    {
        var sharded = LocalRanks.Run(3, ranks => ParallelRun.Of(ranks, Sharded, isSegmented: true, dtype));
        var replicated = LocalRanks.Run(3, ranks => ParallelRun.Of(ranks, Replicated, isSegmented: true, dtype));
        var farthest = sharded[1].Weights.Zip(replicated[1].Weights, (a, b) => Math.Abs(a - b) / (1 + Math.Abs(b))).Max();
        using (Assert.EnterMultipleScope())
        {
            AssertSameCourse(sharded[1], replicated[1], relative: dtype == ScalarType.Float32 ? 1e-6 : 1e-4);
            Assert.That(farthest, Is.LessThan(dtype == ScalarType.Float32 ? 1e-6 : 1.0 / 128)); // the norm adds up in another order
            Assert.That(sharded.Sum(run => run.StateElements), Is.EqualTo(replicated[0].StateElements), "each rank has its share");
            Assert.That(sharded.Select(run => run.StateElements), Is.All.LessThan(0.5 * replicated[0].StateElements));
        }
    }

    [Test]
    public void Run_SavedByTwoRanks_GoesOnWithAnyNumber([Values(1, 2, 3)] int world, [Values] bool shards)
    {
        using var folder = new ScratchFolder();
        var expected = ParallelRun.Of();
        LocalRanks.Run(2, ranks => ParallelRun.Of(ranks, shards ? Sharded : Replicated, folder: folder.Path, steps: 10));
        Assert.That(Directory.GetFiles(Path.Combine(folder.Path, "checkpoint-10"), "optimizer*"), Has.Length.EqualTo(shards ? 2 : 1));
        var again = world == 1
            ? [ParallelRun.Of(folder: folder.Path)]
            : LocalRanks.Run(world, ranks => ParallelRun.Of(ranks, Sharded, folder: folder.Path)); // shards, even if those that saved had none
        using (Assert.EnterMultipleScope())
        {
            Assert.That(again[0].Reports, Has.Count.EqualTo(ParallelRun.Options.Steps));
            AssertSameCourse(again[0], expected, relative: 1e-6);
            Assert.That(again[0].Average.Zip(expected.Average, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(1e-5));
        }
    }

    [Test]
    public void Run_OneRankIsAskedToStop_AllStopAfterTheSameStep()
    {
        var steps = LocalRanks.Run(2, ranks =>
        {
            using var source = new CancellationTokenSource();
            return ParallelRun.Of(
                ranks,
                Sharded,
                afterStep: (_, step) =>
                {
                    if (step == 4 && ranks.Rank == 1)
                        source.Cancel();
                },
                cancellation: source.Token).Reports.Count;
        });
        Assert.That(steps, Is.All.EqualTo(5)); // they agree at the end of the next step
    }

    [Test]
    public void Run_WeightsOfARankChange_AreNoticedByName() => Assert.That(
        () => LocalRanks.Run(2, ranks => ParallelRun.Of(ranks, Replicated, afterStep: (model, step) =>
        {
            if (step != 4 || ranks.Rank != 1)
                return;
            using var noGrad = no_grad();
            model.Model.Encoder.Norm.parameters().Single().add_(1e-3);
        })),
        Throws.TypeOf<PeerLostException>().With.Message.Contains("model.encoder.norm.weight").And.Message.Contains("after step 6").And.Message.Contains("rank 1"));

    [Test]
    public void Run_BackwardPass_HidesReductions([Values] bool isSegmented)
    {
        var events = LocalRanks.Run(2, ranks =>
        {
            List<string> events = [];
            ParallelRun.Of(ranks, Sharded, isSegmented, watcher: events.Add);
            return events;
        })[0];
        var step = events.TakeWhile(name => name != "step end").ToList();
        var reductions = step.FindAll(name => name.StartsWith("reduce ", StringComparison.Ordinal));
        var hidden = step.TakeWhile(name => name != "backward end").ToList();
        Assert.That(reductions, Has.Count.GreaterThan(3));
        Assert.That(hidden, Is.EqualTo(reductions), string.Join(", ", step)); // the last one begins with the last gradient
    }

    [Test]
    public void Run_OptimizerWithoutTheShards_IsRefused()
    {
        using var model = TinyTask.CreateModel();
        Assert.That(
            () => LocalRanks.Run(2, ranks =>
            {
                using var parallel = new DataParallel(ranks);
                using var optimizer = new AdamW(model.named_parameters(), ParallelRun.Options.Optimizer);
                return new Trainer(new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples)), ParallelRun.Options, parallel).Run(optimizer);
            }),
            Throws.ArgumentException.With.Message.Contains("give this object to the optimizer"));
    }

    [Test]
    public void Constructor_ReleasesGradients_IsRefusedOnSeveralRanks()
    {
        using var model = TinyTask.CreateModel();
        using var ranks = new SingleCollectives(CPU);
        using var parallel = new DataParallel(ranks);
        Assert.That(
            () => new Trainer(new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples), isSegmented: true), TinyTask.Options with { ReleasesGradients = true, MaxGradientNorm = 0 }, parallel),
            Throws.ArgumentException.With.Message.Contains("expected false with several ranks"));
    }

    private static void AssertSameCourse(ParallelRun actual, ParallelRun expected, double relative)
    {
        Assert.That(actual.Reports.Select(report => report.Step), Is.EqualTo(expected.Reports.Select(report => report.Step)));
        foreach (var (here, there) in actual.Reports.Zip(expected.Reports))
        {
            Assert.That(here.Loss, Is.EqualTo(there.Loss).Within(relative * 100).Percent, $"loss of step {here.Step}");
            Assert.That(here.GradientNorm, Is.EqualTo(there.GradientNorm).Within(relative * 1000).Percent, $"norm of step {here.Step}");
        }
    }
}
