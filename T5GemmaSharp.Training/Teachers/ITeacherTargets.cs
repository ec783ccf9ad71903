using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>What a teacher knows of the targets of a batch.</summary>
internal interface ITeacherTargets
{
    /// <summary>KL(teacher || model) of a few targets.</summary>
    /// <param name="logProbabilities">The model's, at the teacher's temperature, float32 [n, V].</param>
    /// <param name="from">Number of the first of these targets in the batch.</param>
    /// <returns>Nats, float32 [n].</returns>
    Tensor Divergence(Tensor logProbabilities, long from);
}
