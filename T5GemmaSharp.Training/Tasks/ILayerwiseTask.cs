using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>A task whose backward pass can go through the model part by part, so that gradients of one part are taken before there are any of the next.</summary>
public interface ILayerwiseTask : ITrainingTask
{
    /// <summary>Whether it computes layers again in the backward pass, so that the gradients of one part and its activations are all that is held of the pass.</summary>
    bool IsLayerwise { get; }

    /// <summary>Makes the gradients of the summed loss, and lets the receiver take them whenever those of a part are whole.</summary>
    /// <param name="batch">What <see cref="ITrainingTask.Prepare"/> has returned.</param>
    /// <param name="seed">Seed of dropout.</param>
    /// <param name="receiver">Takes the gradients; it may change a parameter that it has taken the gradient of.</param>
    /// <returns>The sum of the losses, float32, without gradient; it belongs to the caller's dispose scope.</returns>
    Tensor Backward(IMicroBatch batch, ulong seed, IGradientReceiver receiver);
}
