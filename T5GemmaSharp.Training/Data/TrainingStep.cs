using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Training.Data;

/// <summary>The examples of a step, ready.</summary>
/// <param name="MicroBatches">Parts whose gradients add up.</param>
/// <param name="Next">Position of the batch after it.</param>
/// <param name="Epochs">Epochs done with it, with fraction.</param>
internal sealed record TrainingStep(IReadOnlyList<IMicroBatch> MicroBatches, BatchPosition Next, double Epochs);
