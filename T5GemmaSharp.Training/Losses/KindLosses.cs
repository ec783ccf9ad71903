using T5GemmaSharp.Training.Distributed;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Losses;

/// <summary>Averages of the loss by kind of example. The sums stay on the device until somebody asks.</summary>
public sealed class KindLosses : IDisposable
{
    private readonly IReadOnlyList<string> _names;
    private readonly Tensor _sums; // float64 [kinds]
    private readonly long[] _targets;
    private readonly ICollectives? _ranks;

    /// <summary>Begins with nothing.</summary>
    /// <param name="names">Names of the kinds, by number.</param>
    /// <param name="device">Where the losses are.</param>
    /// <param name="ranks">Ranks over which they are averaged, each of which asks when the others do; null: there is one.</param>
    public KindLosses(IReadOnlyList<string> names, Device device, ICollectives? ranks = null)
    {
        ArgumentNullException.ThrowIfNull(names);
        (_names, _ranks) = (names, ranks);
        _sums = zeros([names.Count], dtype: ScalarType.Float64, device: device).DetachFromDisposeScope();
        _targets = new long[names.Count];
    }

    /// <summary>The averages since the last call, by name; kinds without a target are left out.</summary>
    /// <returns>Loss a target.</returns>
    public IReadOnlyDictionary<string, double> Take()
    {
        using var sums = _sums.cpu();
        var values = sums.data<double>().ToArray();
        var targets = _ranks?.Sum(_targets) ?? _targets;
        values = _ranks?.Sum(values) ?? values;
        var averages = Enumerable.Range(0, _names.Count).Where(kind => targets[kind] > 0).ToDictionary(kind => _names[kind], kind => values[kind] / targets[kind]);
        _sums.zero_();
        Array.Clear(_targets);
        return averages;
    }

    /// <inheritdoc/>
    public void Dispose() => _sums.Dispose();

    /// <summary>Counts the targets of a batch.</summary>
    /// <param name="kinds">The kind of each target's example.</param>
    internal void Count(IEnumerable<long> kinds)
    {
        foreach (var kind in kinds)
            _targets[kind]++;
    }

    /// <summary>Adds losses.</summary>
    /// <param name="kinds">Kinds of the targets, int64 [N].</param>
    /// <param name="losses">Losses of the targets, float32 [N].</param>
    internal void Add(Tensor kinds, Tensor losses)
    {
        using var scope = NewDisposeScope();
        _sums.index_add_(0, kinds, losses.to(ScalarType.Float64), 1);
    }
}
