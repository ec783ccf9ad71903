namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>Adds up the bytes of several files, and reports them ten times a second at most.</summary>
internal sealed class ProgressCounter(IProgress<HubProgress>? progress, long totalSizeInBytes)
{
    private const long ReportIntervalInMilliseconds = 100;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _bytes = new(StringComparer.Ordinal);
    private long _total;
    private long _lastReport;

    /// <summary>Notes how many bytes of a file are there.</summary>
    public void Report(HubFile file, long bytes)
    {
        if (progress is null)
            return;
        lock (_lock)
        {
            _total += bytes - _bytes.GetValueOrDefault(file.Path);
            _bytes[file.Path] = bytes;
            var now = Environment.TickCount64;
            if (bytes < file.SizeInBytes && now - _lastReport < ReportIntervalInMilliseconds)
                return;
            _lastReport = now;
            progress.Report(new HubProgress(file.Path, bytes, file.SizeInBytes, _total, totalSizeInBytes));
        }
    }
}
