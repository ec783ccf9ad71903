using System.Diagnostics;
using TorchSharp;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>Times work until its device has finished it.</summary>
internal sealed class Stopclock(torch.Device device)
{
    private long _last = Stopwatch.GetTimestamp();

    /// <summary>Seconds of one run.</summary>
    public double Seconds(Action work)
    {
        Finish();
        var start = Stopwatch.GetTimestamp();
        work();
        Finish();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Seconds since the last lap, or since the clock was made.</summary>
    public double Lap()
    {
        Finish();
        var (last, now) = (_last, Stopwatch.GetTimestamp());
        _last = now;
        return Stopwatch.GetElapsedTime(last, now).TotalSeconds;
    }

    private void Finish()
    {
        if (device.type == DeviceType.CUDA)
            torch.cuda.synchronize();
    }
}
