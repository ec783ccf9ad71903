using System.Globalization;
using Google.Protobuf;
using Tensorboard;

namespace T5GemmaSharp.Training.Logging.Files;

/// <summary>TensorBoard's events of a run: <c>train/*</c> for reports, <c>eval/*</c> for evaluations. Each start of the program has a file of its own.</summary>
internal sealed class EventLog : ITrainingObserver, IDisposable
{
    private const string Prefix = "events.out.tfevents.";
    private const string Version = "brain.Event:2"; // with it TensorBoard takes a start as the end of what came later before

    private readonly string _folder;
    private readonly int _stepsDone;
    private RecordFile? _file;

    /// <summary>Opens the log.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="stepsDone">Steps of the run before; TensorBoard forgets what older files tell of later ones.</param>
    public EventLog(string folder, int stepsDone) => (_folder, _stepsDone) = (folder, stepsDone);

    public void OnStep(int step)
    {
    }

    public void OnReport(StepReport report) => Write(report.Step, "train", [.. report.Values(), new("epoch", report.Epoch)]);

    public void OnEvaluation(EvaluationReport report) => Write(report.Step, "eval", report.Values);

    public void Dispose() => _file?.Dispose();

    private void Write(int step, string group, IEnumerable<KeyValuePair<string, double>> values)
    {
        var summary = new Summary();
        summary.Value.AddRange(values.Select(value => new Summary.Types.Value { Tag = $"{group}/{value.Key}", SimpleValue = (float)value.Value }));
        _file ??= Begin();
        Write(_file, new Event { Step = step, Summary = summary });
    }

    private RecordFile Begin()
    {
        var older = Directory.GetFiles(_folder, $"{Prefix}*").Length;
        var time = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var file = new RecordFile(Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{time}.{older:D6}"))); // TensorBoard reads them in the order of their names
        Write(file, new Event { FileVersion = Version });
        if (older > 0)
            Write(file, new Event { Step = _stepsDone + 1, SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start } });
        return file;
    }

    private static void Write(RecordFile file, Event item)
    {
        item.WallTime = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
        file.Append(item.ToByteArray());
    }
}
