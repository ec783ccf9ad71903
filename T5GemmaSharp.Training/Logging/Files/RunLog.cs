using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Training.Logging.Charts;

namespace T5GemmaSharp.Training.Logging.Files;

/// <summary>The files that tell of a run, in its folder: lines of JSON, TensorBoard's events and, at the end, curves. Nothing is created before there is something to tell.</summary>
internal sealed class RunLog : ITrainingObserver, IDisposable
{
    /// <summary>Name of the curves' file.</summary>
    public const string CurvesName = "curves.svg";

    private readonly string _folder;
    private readonly JsonLog _lines;
    private readonly EventLog _events;
    private readonly TrainingObservers _files;
    private readonly List<StepReport> _reports;
    private readonly List<EvaluationReport> _evaluations;

    /// <summary>Opens the log.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="begun">Where a run goes on, whose files are cut to what was known there; null: it begins.</param>
    public RunLog(string folder, RunState? begun)
    {
        var history = begun ?? new RunState();
        _folder = folder;
        (_reports, _evaluations) = ([.. history.Reports], [.. history.Evaluations]);
        _lines = new JsonLog(folder, history);
        _events = new EventLog(folder, history.Step);
        _files = new TrainingObservers(_lines, _events);
    }

    public void OnStep(int step) => _files.OnStep(step);

    public void OnReport(StepReport report)
    {
        _reports.Add(report);
        Directory.CreateDirectory(_folder);
        _files.OnReport(report);
    }

    public void OnEvaluation(EvaluationReport report)
    {
        _evaluations.Add(report);
        Directory.CreateDirectory(_folder);
        _files.OnEvaluation(report);
    }

    /// <summary>Draws the curves, whole or not at all.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void WriteCurves()
    {
        if (_reports.Count + _evaluations.Count > 0)
            TextFile.Write(Path.Combine(_folder, CurvesName), SvgPage.Write(RunCharts.Of(_reports, _evaluations)));
    }

    public void Dispose()
    {
        _lines.Dispose();
        _events.Dispose();
    }
}
