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

    /// <summary>Takes the averages of the loss by kind of example, over the passes since the last call.</summary>
    /// <returns>Loss a target by name of the kind; nothing where the examples are of one kind.</returns>
    IReadOnlyDictionary<string, double> TakeLossByKind() => StepReport.OneKind;

    /// <summary>Estimates what a forward pass leaves for the backward pass.</summary>
    /// <param name="rows">Examples of the micro-batch.</param>
    /// <param name="length">Size of its longest example in each stack.</param>
    /// <returns>Bytes; 0: there is no estimate.</returns>
    long ActivationBytes(int rows, ExampleLength length) => 0;
}
