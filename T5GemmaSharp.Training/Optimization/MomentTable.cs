using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Optimization;

/// <summary>A float32 number kept for each element of each parameter, zero at first.</summary>
internal sealed class MomentTable(string name, IReadOnlyList<TrainedParameter> parameters) : IDisposable
{
    private readonly Tensor[] _tensors = [.. parameters.Select(parameter => zeros([parameter.Count], dtype: ScalarType.Float32, device: parameter.Device).DetachFromDisposeScope())];

    /// <summary>A stretch of a parameter's numbers, to be changed in place.</summary>
    public Tensor Stretch(int index, long from, long count) => _tensors[index].narrow(0, from, count);

    /// <summary>All numbers of a parameter, with their name for a checkpoint.</summary>
    public KeyValuePair<string, Tensor> State(int index) => new($"{name}.{parameters[index].StateName}", _tensors[index]);

    public void Dispose() => Array.ForEach(_tensors, tensor => tensor.Dispose());
}
