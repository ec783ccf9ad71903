using T5GemmaSharp.Adapters;
using T5GemmaSharp.Kernels.Cuda.Training;
using T5GemmaSharp.Training.Distributed;
using T5GemmaSharp.Training.Distributed.Gradients;
using T5GemmaSharp.Training.Inspection;
using T5GemmaSharp.Training.Logging;
using T5GemmaSharp.Training.Logging.Files;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Checkpointing;

/// <summary>A run in its folder, from its last checkpoint if it has one to the finished model.</summary>
internal sealed class TrainingRun
{
    private static readonly string[] LastFiles = ["config.json", LoraConfig.FileName]; // without them a folder is no model and no adapter

    private readonly string _folder;
    private readonly TrainingOptions _options;
    private readonly TrainingCheckpoints _checkpoints;
    private readonly IReadOnlyDictionary<string, string> _identity;
    private readonly RunState? _begun;
    private readonly DataParallel? _parallel;

    /// <summary>Looks for the last checkpoint.</summary>
    /// <param name="request">Where and how the run goes.</param>
    /// <param name="options">Settings of the trainer.</param>
    /// <param name="loss">Settings of the loss.</param>
    /// <param name="data">A fingerprint of the data.</param>
    /// <exception cref="InvalidDataException">The run in the folder has other settings or data.</exception>
    public TrainingRun(RunRequest request, TrainingOptions options, TokenLossOptions loss, string data)
    {
        (_folder, _options, _parallel) = (request.Folder, options, request.Parallel);
        _checkpoints = new TrainingCheckpoints(request.Folder, request.CheckpointLimit, _parallel);
        _identity = RunIdentity.Of(options, loss, data);
        Checkpoint = request.Resumes ? _checkpoints.Latest : null;
        if (_parallel is not null)
            Checkpoint = _parallel.Ranks.FromFirst(Checkpoint ?? "") is { Length: > 0 } folder ? folder : null; // all go on from the same one
        if (Checkpoint is null)
            return;
        var file = RunStateFile.Read(Checkpoint);
        if (!request.ResumesInAnyCase)
            file.CheckIdentity(_identity);
        _begun = file.State;
    }

    /// <summary>The checkpoint that the run goes on from, a folder with a model; null: it begins.</summary>
    public string? Checkpoint { get; }

    private bool IsFirst => _parallel is null or { Ranks.Rank: 0 };

    /// <summary>Trains to the end, or until it is interrupted, and leaves the model or a checkpoint in the folder.</summary>
    /// <param name="task">The task, whose model is that of <see cref="Checkpoint"/> if there is one.</param>
    /// <param name="optimizer">A fresh optimizer.</param>
    /// <param name="evaluate">Measures the model after a number of steps; null: nobody does.</param>
    /// <param name="writeModel">Writes model and tokenizer into the folder it is given.</param>
    /// <param name="cancellation">Ends the run after the step in progress.</param>
    public TrainingResult Train(
        ITrainingTask task, Optimizer optimizer, Func<int, EvaluationReport>? evaluate, Action<string> writeModel, CancellationToken cancellation)
    {
        using var average = _options.AverageDecay is { } decay ? new MovingAverage(optimizer, decay) : null;
        if (_begun is not null)
        {
            using var stored = OptimizerFile.Open(Checkpoint!); // its state was read from there
            optimizer.Load(stored);
            average?.Load(stored);
        }

        var device = task.Model.parameters().First().device;
        if (IsFirst)
        {
            TellMemory(TrainingMemory.Of(task, optimizer, _options, _parallel), device);
            TellKernels(device);
        }

        var result = TrainWithLog(observer => new Trainer(task, _options, _parallel).Run(optimizer, Hooks(observer), _begun, cancellation));
        task.Model.eval();
        var memory = MemoryUse.Now(device);
        Console.WriteLine($"peak memory of the process: {ByteSize.Describe(memory.PeakResidentBytes)}" + (memory.DeviceUsedBytes is { } used ? $"; held of the device: {ByteSize.Describe(used)}" : ""));
        if (result.Interrupted)
        {
            Console.WriteLine($"interrupted after step {result.State.Step}; --resume {_folder} goes on");
            return result;
        }

        var best = _options.Stopping is { KeepsBest: true } ? result.State.Best : null;
        var earlier = best is null || best.Step == result.State.Step ? null : _checkpoints.FolderOf(best.Step);
        if (earlier is not null && average is not null)
        {
            using var earlierAverages = OptimizerFile.Open(earlier);
            average.Load(earlierAverages); // a run without one copies the model
        }

        using (average?.Use()) // on every rank, which has its share
        {
            if (IsFirst)
                AtomicFolder.Add(_folder, LastFiles, Fill);
        }

        if (best is not null)
            Console.WriteLine($"the model is that of step {best.Step}, the best one");
        return result;

        void Fill(string target)
        {
            if (earlier is not null && average is null)
                CopyModel(earlier, target);
            else
                writeModel(target);
            TrainerState.Write(target, result.State, _options);
        }

        TrainingHooks Hooks(ITrainingObserver observer) => new()
        {
            Evaluate = evaluate,
            Average = average,
            Observer = observer,
            Checkpoint = (state, current) => _checkpoints.Save(new RunStateFile { State = state, Identity = _identity }, _options, current, writeModel, average, state.Best?.Step),
        };
    }

    private static void TellMemory(TrainingMemory need, Device device)
    {
        if (AvailableMemory.Of(device, need.Held) is not { } available)
        {
            Console.WriteLine(need);
            return;
        }

        Console.WriteLine($"{need} of {ByteSize.Describe(available.Bytes)}");
        if (need.Warning(available) is { } warning)
            Console.Error.WriteLine($"warning: {warning}");
    }

    private static void TellKernels(Device device)
    {
        if (device.type == DeviceType.CUDA && TrainingKernels.Refusal(device) is { } reason)
            Console.Error.WriteLine($"warning: torch's operators take the place of the kernels of training: {reason}");
    }

    private TrainingResult TrainWithLog(Func<ITrainingObserver, TrainingResult> train)
    {
        if (!IsFirst)
            return train(new TrainingObservers());
        using var log = new RunLog(_folder, _begun);
        try
        {
            var result = TrainingConsole.Run(_options.Steps, console => train(new TrainingObservers(log, console)));
            log.WriteCurves();
            return result;
        }
        catch (TrainingDivergedException)
        {
            log.WriteCurves(); // they show how
            throw;
        }
        catch (TrainingMemoryException fault) when (_checkpoints.Latest is { } latest)
        {
            throw new TrainingMemoryException($"{fault.Message}; {Path.GetFileName(latest)} is whole, and --resume {_folder} goes on from there", fault);
        }
    }

    private static void CopyModel(string checkpoint, string folder)
    {
        string[] own = [RunStateFile.FileName, TrainerState.FileName];
        foreach (var file in Directory.EnumerateFiles(checkpoint).Where(file => !OptimizerFile.IsOne(file) && !own.Contains(Path.GetFileName(file))))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }
}
