using T5GemmaSharp.Interop;
using T5GemmaSharp.Kernels.Cuda.Training;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Distributed.Gradients;
using T5GemmaSharp.Training.Inspection;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training;

/// <summary>Trains the model of a task.</summary>
public sealed class Trainer
{
    private const int MaximumSkippedSteps = 3;

    private readonly ITrainingTask _task;
    private readonly TrainingOptions _options;
    private readonly DataParallel? _parallel;

    /// <summary>Creates a trainer; the model is changed in place.</summary>
    /// <param name="task">The task; its model is on its device.</param>
    /// <param name="options">The settings.</param>
    /// <param name="parallel">The other processes that train the same model, each with this call; null: there are none.</param>
    /// <exception cref="ArgumentException">
    /// A setting is out of its range, or gradients shall be released early by a task that does not go through its model layer by layer, or beside other ranks.
    /// </exception>
    public Trainer(ITrainingTask task, TrainingOptions options, DataParallel? parallel = null)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (options.ReleasesGradients && task is not ILayerwiseTask { IsLayerwise: true })
            throw new ArgumentException("ReleasesGradients: expected a task that goes through its model layer by layer (gradient checkpointing), got one that has all gradients at once", nameof(options));
        if (options.ReleasesGradients && parallel is not null)
            throw new ArgumentException("ReleasesGradients: expected false with several ranks, whose gradients are reduced before the first update, got true", nameof(options));
        (_task, _options, _parallel) = (task, options, parallel);
    }

    /// <summary>Trains.</summary>
    /// <param name="optimizer">The optimizer of the model's parameters.</param>
    /// <param name="hooks">What happens besides the steps; null: nothing.</param>
    /// <param name="start">Where to go on, with the weights and the optimizer as they were then; null: at the beginning.</param>
    /// <param name="cancellation">Ends the run after the step in progress.</param>
    /// <exception cref="TrainingMemoryException">Memory ran out in a step; the message says what takes less.</exception>
    /// <exception cref="TrainingDivergedException">Three steps in a row had gradients that are not finite.</exception>
    /// <exception cref="Distributed.PeerLostException">Another rank has ended, does not answer, or has come to other weights.</exception>
    public TrainingResult Run(Optimizer optimizer, TrainingHooks? hooks = null, RunState? start = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        hooks ??= new TrainingHooks();
        var state = start ?? new RunState();
        using var loader = new StepLoader(_task, _options, state.Position, _parallel?.Ranks);
        using var meter = new ProgressMeter(_task.Model.parameters().First().device, _parallel?.Ranks);
        _parallel?.Begin(optimizer, state.Step);
        _task.Model.train();
        while (state.Step < _options.Steps && !IsStale(state) && !(_parallel?.IsStopping ?? cancellation.IsCancellationRequested))
        {
            var learningRate = LearningRateOf(state.Step);
            var step = loader.Next();
            _options.Parts.Enter(_task.Model, state.Step);
            var norm = StepInMemory(step.MicroBatches, optimizer, learningRate, state.Step, meter, cancellation);
            if (double.IsFinite(norm))
                hooks.Average?.Update();
            var skipped = double.IsFinite(norm) ? 0 : state.SkippedSteps + 1;
            if (skipped == MaximumSkippedSteps)
                throw new TrainingDivergedException($"step {state.Step}: expected finite gradients, got {norm} for {skipped} steps in a row; lower the learning rate ({_options.LearningRate})");

            state = state with { Step = state.Step + 1, Epochs = step.Epochs, Position = step.Next, SkippedSteps = skipped };
            hooks.Observer?.OnStep(state.Step);
            var isLast = state.Step == _options.Steps;
            if (isLast || state.Step % _options.ReportSteps == 0)
            {
                state = state with { Reports = [.. state.Reports, meter.Report(state.Step, state.Epochs, norm, learningRate) with { LossByKind = _task.TakeLossByKind() }] };
                hooks.Observer?.OnReport(state.Reports[^1]);
            }

            var isBetter = false;
            if (hooks.Evaluate is not null && (isLast || IsDue(_options.EvaluationSteps)))
            {
                state = Evaluate(state, hooks, meter);
                isBetter = _options.Stopping is { KeepsBest: true } && state.Best?.Step == state.Step;
            }

            if (isBetter || IsDue(_options.CheckpointSteps))
                hooks.Checkpoint?.Invoke(state, optimizer);
        }

        var ending = state.Step == _options.Steps ? TrainingEnding.Finished : IsStale(state) ? TrainingEnding.StoppedEarly : TrainingEnding.Interrupted;
        if (ending == TrainingEnding.Interrupted)
            hooks.Checkpoint?.Invoke(state, optimizer);
        return new TrainingResult(state, ending);

        bool IsDue(int interval) => interval > 0 && state.Step % interval == 0;
    }

    private double LearningRateOf(int step) => _options.LearningRate
        * LearningRate.Factor(_options.Schedule, step, _options.WarmupSteps, _options.Steps, _options.LearningRate, _options.ScheduleParameters);

    private bool IsStale(RunState state) => state.StaleEvaluations >= (_options.Stopping?.Patience ?? int.MaxValue);

    private RunState Evaluate(RunState state, TrainingHooks hooks, ProgressMeter meter)
    {
        meter.Pause();
        _task.Model.eval();
        EvaluationReport report;
        using (hooks.Average?.Use())
            report = hooks.Evaluate!(state.Step); // the caller has asked
        report = _parallel?.FromFirst(report) ?? report;
        _task.Model.train();
        meter.Resume();
        hooks.Observer?.OnEvaluation(report);
        state = state with { Evaluations = [.. state.Evaluations, report] };
        return _options.Stopping?.Judge(state, report) ?? state;
    }

    /// <exception cref="TrainingMemoryException">Memory ran out.</exception>
    private double StepInMemory(IReadOnlyList<IMicroBatch> batches, Optimizer optimizer, double learningRate, int step, ProgressMeter meter, CancellationToken cancellation)
    {
        try
        {
            return _parallel is not null ? StepOnRanks(_parallel, batches, optimizer, learningRate, step, meter, cancellation) : Step(batches, optimizer, learningRate, step, meter);
        }
        catch (Exception fault) when (OutOfMemory.IsIn(fault))
        {
            throw new TrainingMemoryException(
                $"step {step}: memory ran out ({OutOfMemory.Cause(fault)}) with up to {batches.Select(batch => batch.Cells).DefaultIfEmpty().Max()} tokens of both stacks in a pass; {MemoryAdvice.OfActivations}; {MemoryAdvice.OfParameters}", fault);
        }
    }

    /// <summary>One update from the gradient of the loss's mean over all targets; returns the gradient's norm, and leaves the weights alone when it is not finite.</summary>
    private double Step(IReadOnlyList<IMicroBatch> batches, Optimizer optimizer, double learningRate, int step, ProgressMeter meter)
    {
        if (_options.ReleasesGradients)
            return StepByLayers(batches[0], optimizer, learningRate, step, meter); // the settings allow no more than one
        for (var index = 0; index < batches.Count; index++)
        {
            using var scope = NewDisposeScope();
            meter.Add(_task.Backward(batches[index], SeedOf(step, index)), batches[index]);
            BackwardFault.Rethrow();
            if (batches.Count > 1)
                optimizer.Accumulate();
        }

        var targets = Math.Max(1, batches.Sum(batch => batch.Targets));
        var norm = optimizer.GradientNorm() / targets;
        if (double.IsFinite(norm))
            optimizer.Step(learningRate, GradientClipping.Factor(norm, _options.MaxGradientNorm) / targets);
        optimizer.ClearGradients();
        return norm;
    }

    /// <summary>The same update from the micro-batches of all ranks.</summary>
    private double StepOnRanks(
        DataParallel parallel, IReadOnlyList<IMicroBatch> batches, Optimizer optimizer, double learningRate, int step, ProgressMeter meter, CancellationToken cancellation)
    {
        parallel.BeginStep();
        for (var index = 0; index < batches.Count; index++)
        {
            using var scope = NewDisposeScope();
            var receiver = parallel.Receiver(isLast: index == batches.Count - 1);
            var seed = SeedOf(step, (index * parallel.Ranks.World) + parallel.Ranks.Rank);
            meter.Add(_task is ILayerwiseTask task ? task.Backward(batches[index], seed, receiver) : _task.Backward(batches[index], seed), batches[index]);
            BackwardFault.Rethrow();
            receiver.Take();
        }

        var targets = Math.Max(1, parallel.Reduce(batches.Sum(batch => batch.Targets), cancellation.IsCancellationRequested));
        var norm = parallel.GradientNorm() / targets;
        if (double.IsFinite(norm))
            optimizer.Step(learningRate, GradientClipping.Factor(norm, _options.MaxGradientNorm) / targets);
        optimizer.ClearGradients();
        parallel.EndStep(step + 1, double.IsFinite(norm));
        return norm;
    }

    /// <summary>The same update, layer by layer within the backward pass.</summary>
    private double StepByLayers(IMicroBatch batch, Optimizer optimizer, double learningRate, int step, ProgressMeter meter)
    {
        using var scope = NewDisposeScope();
        var targets = Math.Max(1, batch.Targets);
        using var update = new LayerwiseStep(optimizer, learningRate, 1.0 / targets, step);
        meter.Add(((ILayerwiseTask)_task).Backward(batch, SeedOf(step, index: 0), update), batch);
        BackwardFault.Rethrow();
        var norm = update.Finish() / targets;
        optimizer.ClearGradients();
        return norm;
    }

    // By place, so that a run can go on anywhere.
    private ulong SeedOf(int step, int index) => new CounterRandom(_options.Seed, (ulong)step)[(ulong)index];
}
