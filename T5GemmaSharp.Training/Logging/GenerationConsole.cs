using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace T5GemmaSharp.Training.Logging;

/// <summary>Shows on standard error how far the answering of a file is: a bar on terminals, a line now and then otherwise.</summary>
internal static class GenerationConsole
{
    private const int BatchesPerLine = 10;

    /// <summary>Runs the work under the display.</summary>
    /// <param name="total">Texts to answer.</param>
    /// <param name="run">The work; after each batch it reports how many texts are done.</param>
    public static void Run(int total, Action<Action<int>> run)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        if (Console.IsErrorRedirected || !console.Profile.Capabilities.Interactive)
            run(new Lines(total).Report);
        else
        {
            console.Progress()
                .Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
                .Start(context =>
                {
                    var task = context.AddTask("texts", maxValue: total);
                    run(done => task.Value = done);
                });
        }
    }

    private sealed class Lines(int total)
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private int _batches;

        public void Report(int done)
        {
            if (++_batches % BatchesPerLine == 0)
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done}/{total} texts, {done / Stopwatch.GetElapsedTime(_start).TotalSeconds:F1} texts/s"));
        }
    }
}
