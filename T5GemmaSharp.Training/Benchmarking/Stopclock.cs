using System.Diagnostics;
using TorchSharp;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>Times work until its device has finished it.</summary>
internal sealed class Stopclock(torch.Device device)
{
    /// <summary>Seconds of one run.</summary>
    public double Seconds(Action work)
    {
        Finish();
        var start = Stopwatch.GetTimestamp();
        work();
        Finish();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private void Finish()
    {
        if (device.type == DeviceType.CUDA)
            torch.cuda.synchronize();
    }
}
