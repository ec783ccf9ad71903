using System.Diagnostics;
using T5GemmaSharp.Training.Distributed;
using T5GemmaSharp.Training.Tasks;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training;

/// <summary>Averages between two reports. The loss stays on the device until a report is due.</summary>
/// <param name="device">Where the model is.</param>
/// <param name="ranks">Ranks that train together; null: there is one.</param>
internal sealed class ProgressMeter(Device device, ICollectives? ranks = null) : IDisposable
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private Tensor? _loss;
    private long _targets;
    private long _tokens;
    private long _cells;

    public void Add(Tensor lossSum, IMicroBatch batch)
    {
        if (_loss is null)
            _loss = lossSum.to(ScalarType.Float64, copy: true).DetachFromDisposeScope();
        else
            _loss.add_(lossSum);
        (_targets, _tokens, _cells) = (_targets + batch.Targets, _tokens + batch.Tokens, _cells + batch.Cells);
    }

    public void Pause() => _clock.Stop();

    public void Resume() => _clock.Start();

    public StepReport Report(int step, double epochs, double norm, double learningRate)
    {
        var sum = _loss?.item<double>() ?? 0;
        if (ranks?.Sum([sum, _targets, _tokens, _cells]) is { } all)
            (sum, _targets, _tokens, _cells) = (all[0], (long)all[1], (long)all[2], (long)all[3]);
        var loss = sum / _targets;
        var report = new StepReport(step, epochs, loss, norm, learningRate, _tokens / _clock.Elapsed.TotalSeconds, 1 - ((double)_tokens / _cells)) { Memory = MemoryUse.Now(device) };
        Dispose();
        (_targets, _tokens, _cells) = (0, 0, 0);
        _clock.Restart();
        return report;
    }

    public void Dispose()
    {
        _loss?.Dispose();
        _loss = null;
    }
}
