using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels;

/// <summary>Addresses of weights. The memory stays while this object lives, whatever happens to the model meanwhile.</summary>
internal sealed class WeightMemory : IDisposable
{
    private readonly List<Tensor> _aliases = [];

    /// <summary>Address of a dense weight.</summary>
    public nint Hold(Tensor weight)
    {
        var alias = weight.alias().DetachFromDisposeScope();
        _aliases.Add(alias);
        return TensorMemory.Pointer(alias);
    }

    public void Dispose() => _aliases.ForEach(alias => alias.Dispose());
}
