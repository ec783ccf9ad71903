using T5GemmaSharp.Training.Data;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>Backward pass of a model with a classification head.</summary>
internal static class ClassificationBackward
{
    /// <summary>Adds the gradients of the summed loss to the parameters.</summary>
    /// <param name="task">The task.</param>
    /// <param name="batch">A batch that the task has prepared.</param>
    /// <param name="device">Where the model is.</param>
    /// <param name="seed">Seed of dropout.</param>
    /// <returns>The sum of the losses, float32 [], without gradient.</returns>
    public static Tensor Run(IClassificationTask task, IMicroBatch batch, Device device, ulong seed)
    {
        using var scope = NewDisposeScope();
        DropoutSeed.Set(seed, part: 0, device);
        var (_, loss) = task.Forward(((ClassificationBatch)batch).To(device));
        loss.backward();
        return scope.MoveToOuter(loss.detach());
    }
}
