using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed.Gradients;

/// <summary>
/// Training of one model on several ranks, each with a copy: the micro-batches of a step are dealt to the ranks in turn, gradients are summed over all, and every rank makes the same
/// update, or with <see cref="DataParallelOptions.ShardsOptimizer"/> its share of it. Which examples a step has, and in which order, does not depend on the number of ranks.
/// </summary>
public sealed class DataParallel : IParameterShards, IDisposable
{
    private const int Counts = 2; // before what is told of the parameters

    private readonly DataParallelOptions _options;
    private GradientBuckets? _buckets;
    private WeightExchange? _exchange;
    private Optimizer? _optimizer;

    /// <summary>Creates what a <see cref="Trainer"/> needs on each rank.</summary>
    /// <param name="ranks">The ranks, which the caller frees.</param>
    /// <param name="options">The settings, the same on every rank; null: the defaults.</param>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public DataParallel(ICollectives ranks, DataParallelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        (Ranks, _options) = (ranks, options ?? new DataParallelOptions());
        _options.Validate();
    }

    /// <summary>The ranks.</summary>
    public ICollectives Ranks { get; }

    /// <summary>Whether each rank keeps a share of the optimizer's state.</summary>
    public bool IsSharded => _options.ShardsOptimizer;

    /// <summary>Whether a rank was asked to stop, as all have agreed after the last step.</summary>
    internal bool IsStopping { get; private set; }

    /// <summary>Sees the course of each step; null: nobody.</summary>
    internal Action<string>? Watcher { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<(long From, long Count)> Of(IReadOnlyList<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return IsSharded
            ? Layout([.. parameters.Select(parameter => (parameter.numel(), parameter.dtype))]).StretchesOf(Ranks.Rank, Ranks.World)
            : [.. parameters.Select(parameter => (0L, parameter.numel()))];
    }

    /// <inheritdoc/>
    public void Dispose() => _buckets?.Dispose();

    /// <summary>Takes the optimizer of a run, and gives every rank the weights of rank 0.</summary>
    /// <exception cref="ArgumentException">The optimizer does not have the share that this object says.</exception>
    internal void Begin(Optimizer optimizer, int step)
    {
        var parameters = optimizer.Parameters;
        var layout = Layout([.. parameters.Select(parameter => (parameter.WholeCount, parameter.DType))]);
        var expected = IsSharded ? layout.StretchesOf(Ranks.Rank, Ranks.World) : [.. parameters.Select(parameter => (0L, parameter.WholeCount))];
        if (parameters.Index().FirstOrDefault(item => item.Item.Count != expected[item.Index].Count, (-1, null!)) is { Index: >= 0 } different)
            throw new ArgumentException($"optimizer: expected {expected[different.Index].Count} elements of {different.Item.Name} on this rank, got {different.Item.Count}; give this object to the optimizer as its shards", nameof(optimizer));
        (_optimizer, _exchange) = (optimizer, new WeightExchange(Ranks, parameters, layout));
        _buckets = new GradientBuckets(Ranks, parameters, layout, IsSharded, parameters[0].Device) { Watcher = Watcher };
        if (step == 0)
            _exchange.FromFirst(); // one that goes on has the weights of its checkpoint, and of the same one
        if (IsSharded)
            optimizer.Changed = _exchange.Gather;
        _exchange.Compare(step);
    }

    /// <summary>Bytes of the reduced gradients.</summary>
    internal long BucketBytes(Optimizer optimizer)
    {
        var elements = optimizer.Parameters.Sum(parameter => parameter.WholeCount);
        return sizeof(float) * (IsSharded ? elements + (elements / Ranks.World) : elements);
    }

    /// <summary>Begins a step.</summary>
    internal void BeginStep() => _buckets!.Begin();

    /// <summary>What takes the gradients of a backward pass.</summary>
    /// <param name="isLast">Whether it is this rank's last one of the step.</param>
    internal IGradientReceiver Receiver(bool isLast)
    {
        _buckets!.Enter(isLast);
        return _buckets;
    }

    /// <summary>Ends the backward passes of a step: the optimizer has the gradients of all ranks then.</summary>
    /// <param name="targets">Targets of this rank.</param>
    /// <param name="isStopping">Whether this rank was asked to stop.</param>
    /// <returns>Targets of all ranks.</returns>
    internal long Reduce(long targets, bool isStopping)
    {
        _buckets!.Finish();
        var counts = Ranks.Sum([targets, isStopping ? 1 : 0, .. _buckets.Touched.Select(isTouched => isTouched ? 1L : 0)]);
        _buckets.Give([.. counts.Skip(Counts).Select(ranks => ranks > 0)]);
        IsStopping = counts[1] > 0;
        return counts[0];
    }

    /// <summary>Norm of the whole gradient, the same bits on every rank.</summary>
    internal double GradientNorm()
    {
        var norm = _optimizer!.GradientNorm();
        return IsSharded ? Math.Sqrt(Ranks.Sum([norm * norm])[0]) : Ranks.FromFirst([norm])[0]; // devices may add up in another order
    }

    /// <summary>Ends a step.</summary>
    /// <param name="step">Steps done with it.</param>
    /// <param name="isUpdated">Whether the optimizer has changed the weights.</param>
    internal void EndStep(int step, bool isUpdated)
    {
        if (isUpdated && IsSharded)
            _exchange!.Gather();
        if (_options.ChecksumSteps > 0 && step % _options.ChecksumSteps == 0)
            _exchange!.Compare(step);
        Watcher?.Invoke("step end");
    }

    /// <summary>The numbers of an evaluation on rank 0.</summary>
    internal EvaluationReport FromFirst(EvaluationReport report)
    {
        var names = report.Values.Keys.Order(StringComparer.Ordinal).ToList();
        var values = Ranks.FromFirst([.. names.Select(name => report.Values[name])]);
        return report with { Values = names.Index().ToDictionary(item => item.Item, item => values[item.Index]) };
    }

    private BucketLayout Layout(IReadOnlyList<(long Count, ScalarType DType)> parameters) => BucketLayout.Create(parameters, _options.BucketBytes / sizeof(float), Ranks.World);
}
