using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Distributed;
using T5GemmaSharp.Training.Distributed.Gradients;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Distributed.Gradients;

/// <summary>A short training of the tiny task on one of several ranks.</summary>
internal sealed record ParallelRun
{
    // Two micro-batches a step, of different numbers of tokens: of three ranks one has none.
    public static readonly TrainingOptions Options = TinyTask.Options with { Steps = 20, MicroBatchSize = 4, ReportSteps = 1, AverageDecay = 0.9, WarmupSteps = 2 };

    private static readonly Lock Creation = new(); // the seed is the process's

    public required IReadOnlyList<StepReport> Reports { get; init; }

    public required float[] Weights { get; init; }

    /// <summary>The moving average of all weights, by <see cref="MovingAverage.Use"/>.</summary>
    public required float[] Average { get; init; }

    /// <summary>Elements of the optimizer's state on this rank, without what is counted.</summary>
    public required long StateElements { get; init; }

    /// <summary>Trains, from the folder's last checkpoint if it has one; leaves a checkpoint at the end if there is a folder.</summary>
    public static ParallelRun Of(
        ICollectives? ranks = null,
        DataParallelOptions? parallelOptions = null,
        bool isSegmented = false,
        ScalarType dtype = ScalarType.Float32,
        int? steps = null,
        string? folder = null,
        Action<T5GemmaForConditionalGeneration, int>? afterStep = null,
        Action<string>? watcher = null,
        CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        using var parallel = ranks is null ? null : new DataParallel(ranks, parallelOptions) { Watcher = watcher };
        var checkpoints = folder is null ? null : new TrainingCheckpoints(folder, limit: null, parallel);
        using var model = Create(checkpoints?.Latest, dtype);
        using var optimizer = new AdamW(model.named_parameters(), Options.Optimizer, parallel);
        using var average = new MovingAverage(optimizer, Options.AverageDecay!.Value);
        var start = Load(checkpoints?.Latest, optimizer, average);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var hooks = new TrainingHooks
        {
            Average = average,
            Checkpoint = (state, current) => checkpoints?.Save(
                new RunStateFile { State = state, Identity = new Dictionary<string, string>() }, Options, current, target => model.SavePretrained(target), average),
            Observer = new StepObserver(step =>
            {
                afterStep?.Invoke(model, step);
                if (step == steps - (parallel is null ? 0 : 1)) // ranks agree at the end of the next step
                    stop.Cancel();
            }),
        };
        var result = new Trainer(new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples), new TokenLossOptions { LabelSmoothing = 0.1 }, isSegmented), Options, parallel).Run(optimizer, hooks, start, stop.Token);
        var weights = Flat(model);
        using (average.Use())
        {
            return new ParallelRun
            {
                Reports = result.State.Reports,
                Weights = weights,
                Average = Flat(model),
                StateElements = optimizer.ParameterState().Values.Sum(tensor => tensor.numel()),
            };
        }
    }

    private static T5GemmaForConditionalGeneration Create(string? checkpoint, ScalarType dtype)
    {
        lock (Creation)
        {
            if (checkpoint is not null)
                return T5GemmaForConditionalGeneration.FromPretrained(checkpoint, new() { UseMemoryMap = false });
            var model = TinyTask.CreateModel();
            model.to(dtype);
            return model;
        }
    }

    private static RunState? Load(string? checkpoint, Optimizer optimizer, MovingAverage average)
    {
        if (checkpoint is null)
            return null;
        using var stored = OptimizerFile.Open(checkpoint);
        optimizer.Load(stored);
        average.Load(stored);
        return RunStateFile.Read(checkpoint).State;
    }

    private static float[] Flat(nn.Module model)
    {
        using var scope = NewDisposeScope();
        return [.. model.parameters().SelectMany(parameter => parameter.detach().to(ScalarType.Float32).flatten().data<float>().ToArray())];
    }
}
