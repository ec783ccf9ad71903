using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed.Gradients;

/// <summary>
/// The gradients of a step, float32, summed over micro-batches and ranks. In the last backward pass of a step the reduction of a bucket begins as soon as its gradients are whole, and
/// goes on behind the rest of the pass. Buckets are reduced in the same order on every rank.
/// </summary>
internal sealed class GradientBuckets : IGradientReceiver, IDisposable
{
    private readonly ICollectives _ranks;
    private readonly IReadOnlyList<TrainedParameter> _parameters;
    private readonly BucketLayout _layout;
    private readonly Tensor[] _sums;          // float32 [length] of each bucket
    private readonly Tensor[]? _shares;       // float32 [length / ranks]: this rank's stretch of the reduced one; null: every rank has all
    private readonly bool[] _isTouched;       // of each parameter, in this step
    private readonly bool[] _isWhole;         // of each parameter, in the last pass
    private readonly int[] _missing;          // of each bucket: parameters that are not whole
    private readonly List<ICollectiveHandle> _begun = []; // of the first buckets
    private bool _isLastPass;

    /// <summary>Makes the buckets.</summary>
    public GradientBuckets(ICollectives ranks, IReadOnlyList<TrainedParameter> parameters, BucketLayout layout, bool isSharded, Device device)
    {
        (_ranks, _parameters, _layout) = (ranks, parameters, layout);
        _sums = [.. layout.Lengths.Select(length => New(length))];
        _shares = isSharded ? [.. layout.Lengths.Select(length => New(length / ranks.World))] : null;
        (_isTouched, _isWhole, _missing) = (new bool[parameters.Count], new bool[parameters.Count], new int[layout.Lengths.Count]);

        Tensor New(long length) => zeros([length], dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();
    }

    /// <summary>Which parameters have had a gradient on this rank in this step.</summary>
    public IReadOnlyList<bool> Touched => _isTouched;

    /// <summary>Sees when reductions begin; null: nobody.</summary>
    public Action<string>? Watcher { get; set; }

    /// <summary>Begins a step.</summary>
    public void Begin()
    {
        _begun.Clear();
        Array.Clear(_isTouched);
        Array.Clear(_isWhole);
        Array.Clear(_missing);
        foreach (var slot in _layout.Slots)
            _missing[slot.Bucket]++;
    }

    /// <summary>Prepares a backward pass.</summary>
    /// <param name="isLast">Whether it is this rank's last one of the step.</param>
    public void Enter(bool isLast) => _isLastPass = isLast;

    public bool Accepts(Tensor loss) => true; // one that is not finite shows in the gradient's norm, on every rank

    public void Take(Parameter? unfinished = null)
    {
        using var noGrad = no_grad();
        for (var index = _parameters.Count - 1; index >= 0; index--)
        {
            if (_parameters[index].Is(unfinished) || !Move(index) || !_isLastPass || _isWhole[index])
                continue;
            _isWhole[index] = true;
            _missing[_layout.Slots[index].Bucket]--;
        }

        while (_isLastPass && _begun.Count < _sums.Length && _missing[_begun.Count] == 0)
            BeginReduction();
    }

    /// <summary>Takes what is left and waits for all reductions.</summary>
    public void Finish()
    {
        _isLastPass = true;
        Take();
        Watcher?.Invoke("backward end");
        while (_begun.Count < _sums.Length)
            BeginReduction();
        for (var bucket = 0; bucket < _begun.Count; bucket++)
        {
            _begun[bucket].Wait();
            Watcher?.Invoke($"reduced {bucket}");
        }
    }

    /// <summary>Gives the parameters their reduced gradients, which stay here.</summary>
    /// <param name="isTouched">Whether any rank has had a gradient of each.</param>
    public void Give(IReadOnlyList<bool> isTouched)
    {
        using var scope = NewDisposeScope();
        for (var index = 0; index < _parameters.Count; index++)
        {
            var (slot, parameter) = (_layout.Slots[index], _parameters[index]);
            if (!isTouched[index])
                continue;
            parameter.TakeGradient(_shares is null
                ? _sums[slot.Bucket].narrow(0, slot.From, slot.Count)
                : parameter.Count == 0 ? _shares[slot.Bucket].narrow(0, 0, 0)
                : _shares[slot.Bucket].narrow(0, slot.From + parameter.From - (_ranks.Rank * _shares[slot.Bucket].numel()), parameter.Count));
        }
    }

    public void Dispose()
    {
        foreach (var tensor in _sums.Concat(_shares ?? []))
            tensor.Dispose();
    }

    private bool Move(int index)
    {
        var slot = _layout.Slots[index];
        using var scope = NewDisposeScope();
        if (!_parameters[index].MoveGradient(_sums[slot.Bucket].narrow(0, slot.From, slot.Count), isFirst: !_isTouched[index]))
            return false;
        if (slot.Bucket < _begun.Count)
            throw new InvalidOperationException($"{_parameters[index].Name}: expected its whole gradient before it is reduced, got more of it after; the parameter has several uses, which no task may tell as finished one by one");
        return _isTouched[index] = true;
    }

    private void BeginReduction()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var bucket = _begun.Count;
        foreach (var (index, slot) in _layout.Slots.Index())
        {
            if (slot.Bucket == bucket && !_isTouched[index])
                _sums[bucket].narrow(0, slot.From, slot.Count).zero_();
        }

        Watcher?.Invoke($"reduce {bucket}");
        _begun.Add(_shares is null ? _ranks.AllReduce(_sums[bucket]) : _ranks.ReduceScatter(_sums[bucket], _shares[bucket]));
    }
}
