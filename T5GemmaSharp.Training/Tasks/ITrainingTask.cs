using T5GemmaSharp.Training.Data;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>What is trained on what: a model, its examples and its loss.</summary>
public interface ITrainingTask
{
    /// <summary>The model.</summary>
    nn.Module Model { get; }

    /// <summary>Examples of an epoch.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    int CountOf(int epoch);

    /// <summary>Size of an example.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="index">Index of the example.</param>
    ExampleLength LengthOf(int epoch, int index);

    /// <summary>Makes examples ready. Any thread may call it; it uses no torch.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="indices">The examples.</param>
    IMicroBatch Prepare(int epoch, IReadOnlyList<int> indices);

    /// <summary>Adds the gradients of the summed loss to the parameters.</summary>
    /// <param name="batch">What <see cref="Prepare"/> has returned.</param>
    /// <param name="seed">Seed of dropout.</param>
    /// <returns>The sum of the losses, float32, without gradient; it belongs to the caller's dispose scope.</returns>
    Tensor Backward(IMicroBatch batch, ulong seed);
}
