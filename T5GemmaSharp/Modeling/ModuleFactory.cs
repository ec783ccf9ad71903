using System.Runtime.InteropServices;
using T5GemmaSharp.Interop;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>
/// Makes layers whose parameters are allocated but not written. A loader or <see cref="WeightInitialization"/> fills them, so memory that a checkpoint
/// replaces is never touched and a large model costs nothing before it is loaded.
/// </summary>
internal sealed class ModuleFactory(Device device, ScalarType dtype)
{
    private readonly List<Parameter> _made = [];

    /// <summary>Makes a parameter.</summary>
    /// <exception cref="InsufficientMemoryException">The device has not enough memory left.</exception>
    internal Parameter Parameter(params long[] shape)
    {
        var parameter = new Parameter(Allocate(shape));
        parameter.DetachFromDisposeScope(); // it belongs to its module, not to a caller's scope
        _made.Add(parameter);
        return parameter;
    }

    /// <summary>Frees every parameter made, after a failure: a constructor that throws leaves no module to dispose.</summary>
    internal void Discard() => _made.ForEach(parameter => parameter.Dispose());

    internal Linear Linear(long inputSize, long outputSize, bool hasBias = false) =>
        nn.Linear(Parameter(outputSize, inputSize), hasBias ? Parameter(outputSize) : null);

    internal Embedding Embedding(long vocabSize, long hiddenSize, long? padTokenId)
    {
        // TorchSharp's constructor draws a normal sample for every element on the CPU; a table of one column that has the padding row costs nothing,
        // and the native module takes all sizes from the weight that replaces it.
        // Its weight dies with the scope: replacing it would not free it.
        using var scope = NewDisposeScope();
        var embedding = nn.Embedding((padTokenId ?? 0) + 1, 1, padTokenId);
        embedding.weight = Parameter(vocabSize, hiddenSize);
        return embedding;
    }

    private Tensor Allocate(long[] shape)
    {
        try
        {
            return torch.empty(shape, dtype: dtype, device: device);
        }
        catch (ExternalException fault) when (OutOfMemory.IsIn(fault))
        {
            throw new InsufficientMemoryException($"a weight of shape [{string.Join(", ", shape)}] and dtype {dtype} does not fit into the memory of {device}; use a smaller dtype or another device", fault);
        }
    }
}
