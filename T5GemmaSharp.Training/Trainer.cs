using System.Diagnostics;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Logging;
using T5GemmaSharp.Training.Optimization;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace T5GemmaSharp.Training;

/// <summary>Trains a model on pairs of token sequences.</summary>
public sealed class Trainer
{
    private const int MaximumSkippedSteps = 3;

    private readonly T5GemmaForConditionalGeneration _model;
    private readonly TrainingOptions _options;
    private readonly Parameter[] _parameters;
    private readonly Device _device;
    private readonly long _padId;

    /// <summary>Creates a trainer; the model is changed in place.</summary>
    /// <param name="model">The model, float32, on its device.</param>
    /// <param name="options">The settings.</param>
    /// <exception cref="ArgumentException">A setting is out of its range, or a parameter is not float32.</exception>
    public Trainer(T5GemmaForConditionalGeneration model, TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _model = model;
        _options = options;
        _parameters = [.. model.parameters()];
        _device = model.Device;
        _padId = model.Config.PadTokenId ?? 0;
    }

    /// <summary>Trains.</summary>
    /// <param name="examples">The training data.</param>
    /// <param name="evaluate">Measures the model after the given number of steps; null: no evaluation.</param>
    /// <param name="observer">Sees the progress; null: nobody.</param>
    /// <param name="cancellation">Ends the run after the step in progress.</param>
    /// <exception cref="TrainingDivergedException">Three steps in a row had gradients that are not finite.</exception>
    public TrainingResult Run(
        IReadOnlyList<Seq2SeqExample> examples,
        Func<int, EvaluationReport>? evaluate = null,
        ITrainingObserver? observer = null,
        CancellationToken cancellation = default)
    {
        var batches = new BatchSequence(examples, _options.BatchSize, _options.Seed);
        using var optimizer = new AdamW(_model.named_parameters(), _options.Optimizer);
        var meter = new Meter();
        List<StepReport> reports = [];
        List<EvaluationReport> evaluations = [];
        var (step, skipped) = (0, 0);
        _model.train();
        while (step < _options.Steps && !cancellation.IsCancellationRequested)
        {
            var learningRate = _options.LearningRate * LearningRate.Factor(_options.Schedule, step, _options.WarmupSteps, _options.Steps, _options.LearningRate, _options.ScheduleParameters);
            var norm = Step(optimizer, batches[step], learningRate, meter);
            skipped = double.IsFinite(norm) ? 0 : skipped + 1;
            if (skipped == MaximumSkippedSteps)
                throw new TrainingDivergedException($"step {step}: expected finite gradients, got {norm} for {skipped} steps in a row; lower the learning rate ({_options.LearningRate})");

            step++;
            observer?.OnStep(step);
            if (step % _options.ReportSteps == 0 || step == _options.Steps)
            {
                reports.Add(meter.Report(step, (double)step / batches.BatchesPerEpoch, norm, learningRate));
                observer?.OnReport(reports[^1]);
            }

            if (evaluate is not null && _options.EvaluationSteps > 0 && step % _options.EvaluationSteps == 0 && step < _options.Steps)
                Evaluate();
        }

        // Whoever interrupts a run wants its weights, not its marks.
        if (evaluate is not null && step == _options.Steps)
            Evaluate();
        return new TrainingResult(step, (double)step / batches.BatchesPerEpoch, step < _options.Steps, reports, evaluations);

        void Evaluate()
        {
            meter.Pause();
            _model.eval();
            evaluations.Add(evaluate(step));
            observer?.OnEvaluation(evaluations[^1]);
            _model.train();
            meter.Resume();
        }
    }

    /// <summary>One forward, backward and update; returns the gradient's norm, and leaves the weights alone when it is not finite.</summary>
    private double Step(AdamW optimizer, IReadOnlyList<Seq2SeqExample> examples, double learningRate, Meter meter)
    {
        using var scope = NewDisposeScope();
        var batch = Seq2SeqBatch.Create(examples, _padId, _device);
        var loss = ComputeLoss(batch);
        loss.backward();
        var norm = GradientNorm.Compute(_parameters);
        if (double.IsFinite(norm))
            optimizer.Step(learningRate, GradientNorm.ClipFactor(norm, _options.MaxGradientNorm));
        optimizer.ClearGradients();
        meter.Add(loss.ToDouble() * batch.TargetTokens, batch.TargetTokens, examples.Sum(example => example.InputIds.Length));
        return norm;
    }

    // The sum over target tokens, divided once by their number.
    private Tensor ComputeLoss(Seq2SeqBatch batch)
    {
        var output = _model.call(new T5GemmaInputs
        {
            InputIds = batch.InputIds,
            AttentionMask = batch.AttentionMask,
            Labels = batch.Labels,
            NumItemsInBatch = batch.TargetTokens,
        });
        if (_options.LabelSmoothing == 0)
            return output.Loss!; // labels were given
        var summed = nn.functional.cross_entropy(
            output.Logits.flatten(0, 1).@float(),
            batch.Labels.flatten(),
            ignore_index: Seq2SeqBatch.IgnoreIndex,
            reduction: nn.Reduction.Sum,
            label_smoothing: _options.LabelSmoothing);
        return summed / batch.TargetTokens;
    }

    /// <summary>Averages between two reports.</summary>
    private sealed class Meter
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private double _loss;
        private long _targetTokens;
        private long _inputTokens;

        public void Add(double loss, int targetTokens, int inputTokens)
            => (_loss, _targetTokens, _inputTokens) = (_loss + loss, _targetTokens + targetTokens, _inputTokens + inputTokens);

        public void Pause() => _clock.Stop();

        public void Resume() => _clock.Start();

        public StepReport Report(int step, double epoch, double norm, double learningRate)
        {
            var report = new StepReport(step, epoch, _loss / _targetTokens, norm, learningRate, (_inputTokens + _targetTokens) / _clock.Elapsed.TotalSeconds);
            (_loss, _targetTokens, _inputTokens) = (0, 0, 0);
            _clock.Restart();
            return report;
        }
    }
}
