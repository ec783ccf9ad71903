using T5GemmaSharp.Kernels.Cuda.Training;
using T5GemmaSharp.Training.Checkpointing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Optimization;

/// <summary>Changes parameters by their gradients. Parameters are float32, or bfloat16 with the rest of an exact float32 value kept beside them.</summary>
public abstract class Optimizer : IDisposable
{
    // Temporaries of an update are as large as a stretch of a parameter, not as large as a table of 256,000 rows.
    private const long StretchElements = 1L << 26;
    private const string UpdatesName = "updates";
    private const string StepsName = "steps";

    private readonly TrainedParameter[] _parameters;
    private readonly Tensor _updates; // int64 [parameters]
    private readonly Tensor _steps;   // int64 []

    private protected Optimizer(IEnumerable<(string Name, Parameter Parameter)> parameters, WeightDecayRule decay, IParameterShards? shards = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var trained = parameters.Where(item => item.Parameter.requires_grad).ToList();
        var stretches = shards?.Of([.. trained.Select(item => item.Parameter)]);
        _parameters = [.. trained.Select((item, index) => new TrainedParameter(item.Name, item.Parameter, stretches?[index]))];
        Decays = [.. _parameters.Select(parameter => decay.For(parameter.Name))];
        _updates = zeros([_parameters.Length], dtype: ScalarType.Int64).DetachFromDisposeScope();
        _steps = zeros([], dtype: ScalarType.Int64).DetachFromDisposeScope();
    }

    /// <summary>Updates so far: fewer than the run has steps where some were left out.</summary>
    public int Steps => (int)_steps.item<long>();

    internal IReadOnlyList<TrainedParameter> Parameters => _parameters;

    /// <summary>Called when the weights of the optimizer's stretches have changed, so that others learn of them; null: there are no others.</summary>
    internal Action? Changed { get; set; }

    /// <summary>Whether torch operators do what kernels could.</summary>
    internal bool UsesOperators { get; init; }

    private protected double[] Decays { get; }

    /// <summary>Takes the gradients of a micro-batch; to be called after each backward pass of a step.</summary>
    public void Accumulate() => Array.ForEach(_parameters, parameter => parameter.Accumulate());

    /// <summary>Euclidean norm of the whole gradient; not finite when any element is not.</summary>
    public double GradientNorm()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return JointNorm(NormsOf([.. Enumerable.Range(0, _parameters.Length).Where(index => _parameters[index].HasGradient)]));
    }

    /// <summary>Updates every parameter that has a gradient.</summary>
    /// <param name="learningRate">Learning rate of this step.</param>
    /// <param name="gradientScale">Factor on every gradient.</param>
    public void Step(double learningRate, double gradientScale = 1)
    {
        BeginStep();
        for (var index = 0; index < _parameters.Length; index++)
        {
            if (_parameters[index].HasGradient)
                UpdateOne(index, learningRate, gradientScale);
        }
    }

    /// <summary>Forgets all gradients.</summary>
    public void ClearGradients() => Array.ForEach(_parameters, parameter => parameter.ClearGradient());

    /// <summary>What a checkpoint keeps, by name. The tensors are the optimizer's own.</summary>
    public IReadOnlyDictionary<string, Tensor> State()
        => ParameterState().Append(new(UpdatesName, _updates)).Append(new(StepsName, _steps)).ToDictionary();

    /// <summary>Goes on from what <see cref="State"/> has given.</summary>
    /// <param name="state">The tensors.</param>
    /// <exception cref="InvalidDataException">A tensor is missing or has another shape or dtype.</exception>
    public void Load(OptimizerFile state)
    {
        ArgumentNullException.ThrowIfNull(state);
        using var noGrad = no_grad();
        foreach (var (index, parameter) in _parameters.Index().Where(item => item.Item.Count > 0))
        {
            parameter.Load(state);
            foreach (var (name, tensor) in StateOf(index))
                state.CopyTo(name, tensor);
        }

        state.CopyTo(UpdatesName, _updates);
        state.CopyTo(StepsName, _steps);
    }

    /// <summary>What a checkpoint keeps of the parameters, without what is counted.</summary>
    internal IReadOnlyDictionary<string, Tensor> ParameterState()
        => _parameters.SelectMany((parameter, index) => parameter.Count == 0 ? [] : parameter.State().Concat(StateOf(index))).ToDictionary();

    /// <summary>Counts a step, whose updates follow one by one.</summary>
    internal void BeginStep() => _steps.add_(1);

    /// <summary>Updates a parameter that has a gradient.</summary>
    internal void UpdateOne(int index, double learningRate, double gradientScale)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        _updates.data<long>()[index]++;
        if (_parameters[index].Count > 0)
            Update(index, learningRate, gradientScale);
    }

    /// <summary>Norms that together are that of the gradients of some parameters, float32 []; they belong to the caller's dispose scope.</summary>
    internal IReadOnlyList<Tensor> NormsOf(IReadOnlyList<int> indices)
    {
        if (indices.Count > 0 && Kernels(indices[0]) is { } kernels)
            return [Norm(kernels, indices)];
        return [.. indices.Select(index => _parameters[index]).SelectMany(parameter => Stretches(parameter, multiple: 1).Select(stretch => Norm(parameter, stretch.From, stretch.Count)))];
    }

    /// <summary>Norm of everything that norms are of.</summary>
    internal static double JointNorm(IReadOnlyCollection<Tensor> norms)
    {
        using var scope = NewDisposeScope();
        return norms.Count == 0 ? 0 : stack(norms).norm().ToDouble();
    }

    /// <summary>Calls an action for each stretch of each parameter with its exact values, float32 and flat, which it must not change.</summary>
    internal void ForEachWeight(Action<int, long, Tensor> action)
    {
        using var noGrad = no_grad();
        for (var index = 0; index < _parameters.Length; index++)
        {
            foreach (var (from, count) in Stretches(_parameters[index], multiple: 1))
            {
                using var scope = NewDisposeScope();
                action(index, from, _parameters[index].Read(from, count));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the tensors.</summary>
    /// <param name="disposing">Whether it is called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        Array.ForEach(_parameters, parameter => parameter.Dispose());
        _updates.Dispose();
        _steps.Dispose();
    }

    /// <summary>Updates of a parameter so far, the present one included: fewer than <see cref="Steps"/> where it was frozen at first.</summary>
    private protected long UpdatesOf(int index) => _updates.data<long>()[index];

    /// <summary>The kernels for a parameter; null: torch operators have to do.</summary>
    private protected TrainingKernels? Kernels(int index)
        => !UsesOperators && _parameters[index].Count > 0 && TrainingKernels.For(_parameters[index].Device) is { } kernels && _parameters[index].SuitsKernels ? kernels : null;

    /// <summary>Updates a parameter.</summary>
    private protected abstract void Update(int index, double learningRate, double gradientScale);

    /// <summary>What is kept beside a parameter, by name.</summary>
    private protected abstract IEnumerable<KeyValuePair<string, Tensor>> StateOf(int index);

    private static IEnumerable<(long From, long Count)> Stretches(TrainedParameter parameter, long multiple)
    {
        var most = Math.Max(multiple, StretchElements / multiple * multiple);
        for (long from = 0; from < parameter.Count; from += most)
            yield return (from, Math.Min(most, parameter.Count - from));
    }

    private Tensor Norm(TrainingKernels kernels, IReadOnlyList<int> indices)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(OptimizerKernels.Square(kernels, [.. indices.Select(index => _parameters[index].Gradient())]).sqrt());
    }

    private static Tensor Norm(TrainedParameter parameter, long from, long count)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(parameter.Gradient(from, count).to(ScalarType.Float32).norm());
    }

    /// <summary>Calls an update for each stretch of a parameter with its values and its scaled gradient, both float32 and flat.</summary>
    /// <param name="index">The parameter.</param>
    /// <param name="gradientScale">Factor on the gradient.</param>
    /// <param name="multiple">The length of a stretch is a multiple of it.</param>
    /// <param name="update">Called with the first element's index, the values and the gradient.</param>
    /// <param name="writes">Whether the update changes the values in place.</param>
    private protected void ForEachStretch(int index, double gradientScale, long multiple, Action<long, Tensor, Tensor> update, bool writes = true)
    {
        var parameter = _parameters[index];
        foreach (var (from, count) in Stretches(parameter, multiple))
        {
            using var scope = NewDisposeScope();
            var gradient = parameter.Gradient(from, count).to(ScalarType.Float32);
            var values = parameter.Read(from, count);
            update(from, values, gradientScale == 1 ? gradient : gradient * gradientScale);
            if (writes)
                parameter.Write(values, from);
        }
    }
}
