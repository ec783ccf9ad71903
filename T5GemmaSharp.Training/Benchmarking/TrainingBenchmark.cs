using T5GemmaSharp.Adapters;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Logging;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>Optimizer steps of AdamW on random pairs, as the trainer takes them: loading, forward and backward pass, clipping, update.</summary>
internal static class TrainingBenchmark
{
    private const int FirstOrdinaryId = 3;
    private const double LearningRate = 1e-5;

    public static BenchmarkResult Run(BenchmarkSettings settings, T5GemmaForConditionalGeneration model, CancellationToken cancellation)
    {
        var adapter = settings.LoraRank is { } rank ? LoraAdapter.Attach(model, new LoraConfig { R = rank, TargetModules = ModuleSelection.Projections }) : null;
        using var optimizer = new AdamW(adapter?.NamedParameters() ?? model.named_parameters(), new AdamWOptions());
        var options = new TrainingOptions
        {
            Steps = settings.Warmup + settings.Repeats,
            BatchSize = settings.Batch,
            MicroBatchSize = settings.MicroBatch,
            LearningRate = LearningRate,
            Schedule = LearningRateSchedule.Constant,
            ReportSteps = int.MaxValue,
            ReleasesGradients = settings.ReleasesGradients,
            MaxGradientNorm = settings.ReleasesGradients ? 0 : 1,
        };
        var clock = new StepClock(settings);
        var task = new Seq2SeqTask(model, Examples(settings, model.Config), new TokenLossOptions(), settings.IsSegmented);
        new Trainer(task, options).Run(optimizer, new TrainingHooks { Observer = clock }, cancellation: cancellation);
        cancellation.ThrowIfCancellationRequested();
        var step = Timing.Of(clock.Seconds);
        var result = new BenchmarkResult
        {
            Model = ModelSummary.Of(model),
            Seconds = { ["step"] = step },
            Rates = { ["step_tokens_per_second"] = settings.Batch * (settings.SourceLength + settings.TargetLength) / step.Median },
        };
        if (adapter is null) // what is frozen costs no gradient
            result.AddFlops(ModelWork.TrainingFlops(model.Config, settings.Batch, settings.SourceLength, settings.TargetLength), step);
        return result;
    }

    private static Seq2SeqExamples Examples(BenchmarkSettings settings, T5GemmaConfig config)
    {
        var random = new Random(0);
        int[] Draw(int length, long vocabulary) => [.. Enumerable.Range(0, length).Select(_ => random.Next(FirstOrdinaryId, (int)vocabulary))];
        return new Seq2SeqExamples([.. Enumerable.Range(0, settings.Batch).Select(_ => new Seq2SeqExample(
            Draw(settings.SourceLength, config.Encoder.VocabSize), Draw(settings.TargetLength, config.Decoder.VocabSize)))]);
    }

    /// <summary>Times the steps after those of the warm-up.</summary>
    private sealed class StepClock(BenchmarkSettings settings) : ITrainingObserver
    {
        private readonly Stopclock _clock = new(settings.Device);
        private readonly List<double> _seconds = [];

        public IEnumerable<double> Seconds => _seconds.Skip(settings.Warmup);

        public void OnStep(int step) => _seconds.Add(_clock.Lap());

        public void OnReport(StepReport report)
        {
        }

        public void OnEvaluation(EvaluationReport report)
        {
        }
    }
}
