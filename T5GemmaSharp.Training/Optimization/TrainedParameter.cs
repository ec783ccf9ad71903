using T5GemmaSharp.Interop;
using T5GemmaSharp.Kernels.Cuda.Training;
using T5GemmaSharp.Training.Checkpointing;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Optimization;

/// <summary>
/// A parameter and what an optimizer needs beside it. Of a bfloat16 parameter the exact value is a float32 number: its upper half, rounded, is the parameter, and its lower
/// half is kept here; updates that are too small for bfloat16 add up there.
/// </summary>
internal sealed class TrainedParameter : IDisposable
{
    private const int HalfBits = 16;
    private const int RoundingBit = 1 << (HalfBits - 1);

    private readonly Parameter _parameter;
    private readonly Tensor? _lowerHalf; // int16, flat
    private Tensor? _accumulated; // float32, flat

    /// <summary>Takes a parameter, or a stretch of it.</summary>
    /// <exception cref="ArgumentException">It is neither float32 nor bfloat16.</exception>
    public TrainedParameter(string name, Parameter parameter, (long From, long Count)? stretch = null)
    {
        (Name, _parameter) = (name, parameter);
        (From, Count) = stretch ?? (0, parameter.numel());
        if (parameter.dtype == ScalarType.BFloat16)
            _lowerHalf = zeros([Count], dtype: ScalarType.Int16, device: parameter.device).DetachFromDisposeScope();
        else if (parameter.dtype != ScalarType.Float32)
            throw new ArgumentException($"{name}: expected float32 or bfloat16, got {parameter.dtype}");
    }

    public string Name { get; }

    /// <summary>Name in a checkpoint: that of a stretch tells where it begins.</summary>
    public string StateName => Count == WholeCount ? Name : OptimizerFile.StretchName(Name, From);

    /// <summary>First element of the stretch.</summary>
    public long From { get; }

    /// <summary>Elements of the stretch.</summary>
    public long Count { get; }

    /// <summary>Elements of the parameter.</summary>
    public long WholeCount => _parameter.numel();

    public ScalarType DType => _parameter.dtype;

    public long[] Shape => _parameter.shape;

    public Device Device => _parameter.device;

    public bool HasGradient
    {
        get
        {
            using var gradient = _parameter.grad;
            return _accumulated is not null || gradient is not null;
        }
    }

    /// <summary>Whether it is this one; as a module's list of parameters has it, which is one object however often it is asked.</summary>
    public bool Is(Parameter? parameter) => ReferenceEquals(_parameter, parameter);

    /// <summary>Moves the gradient of a micro-batch to where those of a step add up. float32 gradients add up where they are; bfloat16 ones would lose the small ones.</summary>
    public void Accumulate()
    {
        if (_lowerHalf is null)
            return;
        using var gradient = _parameter.grad;
        if (gradient is null)
            return;
        using var flat = gradient.flatten();
        if (_accumulated is null)
            _accumulated = flat.to(ScalarType.Float32).DetachFromDisposeScope();
        else
            _accumulated.add_(flat);
        _parameter.grad = null;
    }

    /// <summary>Moves the gradient of the whole parameter to where those of a step add up over micro-batches and ranks.</summary>
    /// <param name="sum">float32 [<see cref="WholeCount"/>].</param>
    /// <param name="isFirst">Whether nothing is there yet.</param>
    /// <returns>Whether there was a gradient.</returns>
    public bool MoveGradient(Tensor sum, bool isFirst)
    {
        using var gradient = _parameter.grad;
        if (gradient is null)
            return false;
        using var flat = gradient.flatten();
        if (isFirst)
            sum.copy_(flat);
        else
            sum.add_(flat);
        _parameter.grad = null;
        return true;
    }

    /// <summary>Takes the step's gradient of the stretch, float32 [<see cref="Count"/>], which is not copied.</summary>
    public void TakeGradient(Tensor sum) => _accumulated = sum.alias().DetachFromDisposeScope();

    /// <summary>Bytes of its gradient at the end of a step's passes.</summary>
    /// <param name="accumulates">Whether the step has several micro-batches.</param>
    public long GradientBytes(bool accumulates) => WholeCount * (_parameter.ElementSize + (accumulates && _lowerHalf is not null ? sizeof(float) : 0));

    /// <summary>A stretch of the step's gradient, as it is stored; belongs to the caller's dispose scope.</summary>
    public Tensor Gradient(long from, long count) => (_accumulated ?? _parameter.grad!.flatten()).narrow(0, from, count);

    /// <summary>Whether kernels can update the weights where they lie.</summary>
    public bool SuitsKernels
    {
        get
        {
            using var scope = NewDisposeScope();
            return OptimizerKernels.Accepts(Weights());
        }
    }

    /// <summary>The step's whole gradient, as it is stored, flat and for kernels to read; belongs to the caller's dispose scope.</summary>
    public Tensor Gradient()
    {
        using var scope = NewDisposeScope();
        var gradient = (_accumulated ?? _parameter.grad!).contiguous();
        return scope.MoveToOuter((OptimizerKernels.Accepts(gradient) ? gradient : gradient.clone()).view(-1));
    }

    /// <summary>Gives weights, lower half and gradient as they are stored, flat, to whatever updates them in place; the tensors belong to the caller's dispose scope.</summary>
    public void UpdateWhole(Action<Tensor, Tensor?, Tensor> update) => update(Weights(), _lowerHalf, Gradient());

    public void ClearGradient()
    {
        _accumulated?.Dispose();
        _accumulated = null;
        using var gradient = _parameter.grad;
        _parameter.grad = null;
    }

    /// <summary>A stretch of the exact values, float32. What is changed in place there counts once <see cref="Write"/> is called.</summary>
    public Tensor Read(long from, long count)
    {
        using var scope = NewDisposeScope();
        var weights = Weights().narrow(0, from, count);
        if (_lowerHalf is null)
            return scope.MoveToOuter(weights);
        var upper = TorchDispatcher.ViewAs(weights, ScalarType.Int16).to(ScalarType.Int32).bitwise_left_shift_(HalfBits);
        return scope.MoveToOuter(TorchDispatcher.ViewAs(upper.add_(_lowerHalf.narrow(0, from, count)), ScalarType.Float32));
    }

    /// <summary>Stores a stretch of exact values.</summary>
    public void Write(Tensor values, long from)
    {
        if (_lowerHalf is null)
            return; // they were changed in place
        using var scope = NewDisposeScope();
        var count = values.numel();
        var bits = TorchDispatcher.ViewAs(values, ScalarType.Int32);

        // Ties go up, so that the lower half as a signed number is always what is missing.
        var upper = bits.add(RoundingBit).bitwise_right_shift_(HalfBits).to(ScalarType.Int16);
        Weights().narrow(0, from, count).copy_(TorchDispatcher.ViewAs(upper, ScalarType.BFloat16));
        _lowerHalf.narrow(0, from, count).copy_(bits.to(ScalarType.Int16));
    }

    /// <summary>What a checkpoint has to keep beside the parameter.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State()
    {
        if (_lowerHalf is not null)
            yield return new($"master_low.{StateName}", _lowerHalf);
    }

    public void Load(OptimizerFile state)
    {
        if (_lowerHalf is not null)
            state.CopyTo($"master_low.{StateName}", _lowerHalf);
    }

    public void Dispose()
    {
        _lowerHalf?.Dispose();
        _accumulated?.Dispose();
    }

    /// <summary>The weights of the stretch as the model has them, flat; a view that belongs to the caller's dispose scope.</summary>
    public Tensor Weights() => Count == WholeCount ? WholeWeights() : WholeWeights().narrow(0, From, Count);

    /// <summary>All weights of the parameter as the model has them, flat; a view that belongs to the caller's dispose scope.</summary>
    public Tensor WholeWeights() => _parameter.detach().view(-1);
}
