using System.Text.Json;
using T5GemmaSharp.Checkpoints;

namespace T5GemmaSharp.Training.Logging.Files;

/// <summary>A line of JSON for every report and evaluation, handed to the system at once: a run that is killed has told all.</summary>
internal sealed class JsonLog : ITrainingObserver, IDisposable
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "log.jsonl";

    private readonly string _path;
    private FileStream? _file;

    /// <summary>Opens the log.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="history">What happened before. A file that is there tells only that from now on: what a killed run did after its last checkpoint will happen again.</param>
    public JsonLog(string folder, RunState history)
    {
        _path = Path.Combine(folder, FileName);
        if (!File.Exists(_path) && history.Step == 0)
            return;
        var lines = history.Reports.Select(report => (report.Step, Line: Line(report, ReportJson.Write)))
            .Concat(history.Evaluations.Select(report => (report.Step, Line: Line(report, ReportJson.Write))))
            .OrderBy(item => item.Step) // stable: the report of a step is before its evaluation, as when it happened
            .SelectMany(item => item.Line);
        TemporaryFile.Write(_path, [.. lines]);
    }

    public void OnStep(int step)
    {
    }

    public void OnReport(StepReport report) => Append(Line(report, ReportJson.Write));

    public void OnEvaluation(EvaluationReport report) => Append(Line(report, ReportJson.Write));

    public void Dispose() => _file?.Dispose();

    private static byte[] Line<TReport>(TReport report, Action<Utf8JsonWriter, TReport> write)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
            write(json, report);
        line.WriteByte((byte)'\n');
        return line.ToArray();
    }

    private void Append(byte[] line)
    {
        _file ??= new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0); // no buffer: a line is with the system when it is written
        _file.Write(line);
    }
}
