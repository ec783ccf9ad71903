using T5GemmaSharp.Training.Data;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>A task whose model has a classification head.</summary>
internal interface IClassificationTask : ITrainingTask
{
    /// <summary>Scores of the classes, and the sum of the losses.</summary>
    /// <param name="tensors">The batch on the model's device.</param>
    /// <returns>Logits [B, C] or [B, T, C] and the loss [], float32 both.</returns>
    (Tensor Logits, Tensor Loss) Forward(ClassificationTensors tensors);
}
