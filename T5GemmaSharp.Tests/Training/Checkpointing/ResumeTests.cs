using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Training.Tasks;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Checkpointing;

public sealed class ResumeTests
{
    private static readonly TokenLossOptions Loss = new() { LabelSmoothing = 0.1 };

    [Test]
    public void Run_InTwoParts_EqualsTheRunInOneBitForBit([Values(ScalarType.Float32, ScalarType.BFloat16)] ScalarType dtype, [Values(3, 8)] int cut)
    {
        using var folder = new ScratchFolder();
        var options = TinyTask.Options with { Steps = 13, MicroBatchSize = 3, ReportSteps = 4 };
        using var whole = Create(dtype);
        var inOne = Train(whole, options, new TrainingHooks());

        using var begun = Create(dtype);
        using var stop = new CancellationTokenSource();
        var checkpoints = new TrainingCheckpoints(folder.Path);
        var identity = RunIdentity.Of(options, Loss, "words");
        var hooks = new TrainingHooks
        {
            Checkpoint = (state, optimizer) => checkpoints.Save(
                new RunStateFile { State = state, Identity = identity }, options, optimizer, target => begun.SavePretrained(target)),
            Observer = new StepObserver(step =>
            {
                if (step == cut)
                    stop.Cancel();
            }),
        };
        Train(begun, options, hooks, cancellation: stop.Token);

        var latest = checkpoints.Latest!;
        var file = RunStateFile.Read(latest);
        file.CheckIdentity(identity);
        using var resumed = T5GemmaForConditionalGeneration.FromPretrained(latest);
        var inTwo = Train(resumed, options, new TrainingHooks(), file.State, latest);

        using var scope = NewDisposeScope();
        Assert.Multiple(() =>
        {
            Assert.That(file.State.Step, Is.EqualTo(cut));
            Assert.That(resumed.Model.Decoder.EmbedTokens.weight!.dtype, Is.EqualTo(dtype));
            Assert.That(inTwo.State.Position, Is.EqualTo(inOne.State.Position));
            foreach (var (name, expected) in whole.named_parameters())
                Assert.That(resumed.get_parameter(name)!.Equals(expected), Is.True, name);
        });
    }

    // The moving average's decay depends on the number of updates, which a step that was left out does not add to.
    [Test]
    public void Run_InTwoPartsAfterASkippedStep_HasTheAverageOfTheRunInOne()
    {
        using var folder = new ScratchFolder();
        var options = TinyTask.Options with { Steps = 8, CheckpointSteps = 4 };
        using var whole = Create(ScalarType.Float32);
        var expected = TrainAveraged(whole, options, folder.Path, checkpoint: null);
        using var resumed = T5GemmaForConditionalGeneration.FromPretrained(Path.Combine(folder.Path, "checkpoint-4"));
        var actual = TrainAveraged(resumed, options, folder.Path, Path.Combine(folder.Path, "checkpoint-4"));
        Assert.That((actual.Steps, expected.Steps), Is.EqualTo((7, 7)));
        Assert.That(actual.Averages, Is.EqualTo(expected.Averages));
    }

    /// <summary>Trains with the gradients of the third step spoiled.</summary>
    private static (int Steps, float[] Averages) TrainAveraged(T5GemmaForConditionalGeneration model, TrainingOptions options, string folder, string? checkpoint)
    {
        using var optimizer = new AdamW(model.named_parameters(), options.Optimizer);
        using var average = new MovingAverage(optimizer, decay: 0.99);
        RunState? start = null;
        if (checkpoint is not null)
        {
            using var stored = OptimizerFile.Open(checkpoint);
            optimizer.Load(stored);
            average.Load(stored);
            start = RunStateFile.Read(checkpoint).State;
        }

        var checkpoints = new TrainingCheckpoints(folder);
        var task = new AlteredTask(
            new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples)), new CounterRandom(options.Seed, 2)[0], trained => trained.parameters().First().grad!.fill_(float.NaN));
        new Trainer(task, options).Run(optimizer, new TrainingHooks
        {
            Average = average,
            Checkpoint = (state, current) => checkpoints.Save(new RunStateFile { State = state, Identity = new Dictionary<string, string>() }, options, current, target => model.SavePretrained(target), average),
        }, start);
        return (optimizer.Steps, [.. average.State().OrderBy(item => item.Key, StringComparer.Ordinal).SelectMany(item => item.Value.data<float>().ToArray())]);
    }

    private static T5GemmaForConditionalGeneration Create(ScalarType dtype)
    {
        var model = TinyTask.CreateModel(dropout: 0.1);
        if (dtype != ScalarType.Float32)
            model.to(dtype);
        return model;
    }

    private static TrainingResult Train(
        T5GemmaForConditionalGeneration model, TrainingOptions options, TrainingHooks hooks, RunState? start = null, string? checkpoint = null, CancellationToken cancellation = default)
    {
        using var optimizer = new AdamW(model.named_parameters(), options.Optimizer);
        if (checkpoint is not null)
        {
            using var stored = OptimizerFile.Open(checkpoint);
            optimizer.Load(stored);
        }

        return new Trainer(new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples), Loss), options).Run(optimizer, hooks, start, cancellation);
    }
}
