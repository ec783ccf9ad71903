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
    internal Parameter Parameter(params long[] shape)
    {
        var parameter = new Parameter(torch.empty(shape, dtype: dtype, device: device));
        parameter.DetachFromDisposeScope(); // it belongs to its module, not to a caller's scope
        return parameter;
    }

    internal Linear Linear(long inputSize, long outputSize, bool hasBias = false) =>
        nn.Linear(Parameter(outputSize, inputSize), hasBias ? Parameter(outputSize) : null);

    internal Embedding Embedding(long vocabSize, long hiddenSize, long? padTokenId)
    {
        // TorchSharp's constructor draws a normal sample for every element on the CPU; a table of one column that has the padding row costs nothing,
        // and the native module takes all sizes from the weight that replaces it.
        var embedding = nn.Embedding((padTokenId ?? 0) + 1, 1, padTokenId);
        embedding.weight = Parameter(vocabSize, hiddenSize);
        return embedding;
    }
}
