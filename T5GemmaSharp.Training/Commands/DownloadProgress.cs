using T5GemmaSharp.Checkpoints.Hub;

namespace T5GemmaSharp.Training.Commands;

/// <summary>Writes a line for each complete file, and one every ten seconds meanwhile.</summary>
internal sealed class DownloadProgress(TextWriter output) : IProgress<HubProgress>
{
    private const long IntervalInMilliseconds = 10_000;
    private long _lastLine = Environment.TickCount64;

    public void Report(HubProgress value)
    {
        var isComplete = value.FileBytes == value.FileSizeInBytes;
        if (!isComplete && Environment.TickCount64 - _lastLine < IntervalInMilliseconds)
            return;
        _lastLine = Environment.TickCount64;
        var percent = value.TotalSizeInBytes == 0 ? 100 : 100.0 * value.TotalBytes / value.TotalSizeInBytes;
        output.WriteLine($"{percent,5:F1} %  {value.Path}: {value.FileBytes:N0} of {value.FileSizeInBytes:N0} bytes");
    }
}
