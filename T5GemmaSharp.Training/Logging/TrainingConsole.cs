using System.Globalization;
using Spectre.Console;
using T5GemmaSharp.Training.Inspection;

namespace T5GemmaSharp.Training.Logging;

/// <summary>Shows a run on the console: a progress bar on terminals, one line a report otherwise.</summary>
public static class TrainingConsole
{
    /// <summary>Runs a training under the display.</summary>
    /// <param name="steps">Steps of the run.</param>
    /// <param name="run">The run; it is given the observer that feeds the display.</param>
    public static TrainingResult Run(int steps, Func<ITrainingObserver, TrainingResult> run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Interactive)
            return run(new LineObserver(steps));
        return AnsiConsole.Progress()
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => run(new BarObserver(context.AddTask("starting", maxValue: steps))));
    }

    private static string Describe(StepReport report) => string.Create(
        CultureInfo.InvariantCulture,
        $"loss {report.Loss:F4}  grad {report.GradientNorm:F2}  lr {report.LearningRate:E1}  {report.TokensPerSecond:F0} tokens/s{DescribeDevice(report.Memory)}{string.Concat(report.LossByKind.Select(kind => string.Create(CultureInfo.InvariantCulture, $"  {kind.Key} {kind.Value:F3}")))}");

    private static string DescribeDevice(MemoryUse? memory)
        => memory is { DeviceUsedBytes: { } used, DeviceTotalBytes: { } total } ? $"  device {ByteSize.Describe(used)} of {ByteSize.Describe(total)}" : "";

    private static string Describe(EvaluationReport report)
        => $"step {report.Step}: {string.Join(", ", report.Values.Select(value => string.Create(CultureInfo.InvariantCulture, $"{value.Key.Replace('_', ' ')} {value.Value:0.####}")))}";

    private sealed class LineObserver(int steps) : ITrainingObserver
    {
        public void OnStep(int step)
        {
        }

        public void OnReport(StepReport report)
            => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {report.Step}/{steps}  epoch {report.Epoch:F2}  {Describe(report)}"));

        public void OnEvaluation(EvaluationReport report) => Console.WriteLine(Describe(report));
    }

    private sealed class BarObserver(ProgressTask task) : ITrainingObserver
    {
        public void OnStep(int step) => task.Value = step;

        public void OnReport(StepReport report) => task.Description = Describe(report);

        public void OnEvaluation(EvaluationReport report) => AnsiConsole.WriteLine(Describe(report));
    }
}
