using System.Text.RegularExpressions;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Distributed.Gradients;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;

namespace T5GemmaSharp.Training.Inspection;

/// <summary>Memory of a training's tensors in bytes, before its first step.</summary>
/// <param name="Weights">Parameters and buffers of the model.</param>
/// <param name="Gradients">Gradients of the parameters that are trained and that are there together, those included that add up over micro-batches.</param>
/// <param name="OptimizerState">What the optimizer keeps beside the parameters.</param>
/// <param name="Activations">An estimate of what the pass of the first step's largest micro-batch takes, see <see cref="ITrainingTask.ActivationBytes"/>.</param>
internal sealed partial record TrainingMemory(long Weights, long Gradients, long OptimizerState, long Activations)
{
    /// <summary>What is there before the first step.</summary>
    public long Held => Weights + OptimizerState;

    private string Parts => $"weights {ByteSize.Describe(Weights)} + gradients {ByteSize.Describe(Gradients)} + optimizer {ByteSize.Describe(OptimizerState)}"
        + (Activations == 0 ? "" : $" + activations about {ByteSize.Describe(Activations)}");

    private long Total => Weights + Gradients + OptimizerState + Activations;

    /// <summary>Adds up what a training needs.</summary>
    /// <param name="task">The task.</param>
    /// <param name="optimizer">The optimizer of its model.</param>
    /// <param name="options">Sizes of batches and the seed.</param>
    /// <param name="parallel">The ranks that train together; null: there is one.</param>
    public static TrainingMemory Of(ITrainingTask task, Optimizer optimizer, TrainingOptions options, DataParallel? parallel = null)
    {
        // The first step has the longest examples.
        var step = BatchPlan.Create(task.CountOf(epoch: 0), index => task.LengthOf(epoch: 0, index), options.Batch, options.Seed, epoch: 0)[0];
        var parts = options.MicroBatch.ForRanks(step.Length, parallel?.Ranks.World ?? 1).Cut(step, index => task.LengthOf(epoch: 0, index)).Select(part => part.Select(index => task.LengthOf(epoch: 0, index)).ToList()).ToList();
        var activations = parts.Max(part => task.ActivationBytes(part.Count, new ExampleLength(part.Max(length => length.Encoder), part.Max(length => length.Decoder))));
        var tensors = task.Model.parameters().Concat<torch.Tensor>(task.Model.buffers());
        var gradients = optimizer.Parameters.Select(parameter => (parameter.Name, Bytes: parameter.GradientBytes(accumulates: parts.Count > 1))).ToList();
        return new TrainingMemory(
            tensors.Sum(Bytes), parallel is not null ? parallel.BucketBytes(optimizer) + TogetherByLayers(gradients) : options.ReleasesGradients ? TogetherByLayers(gradients) : gradients.Sum(gradient => gradient.Bytes), optimizer.State().Values.Sum(Bytes), activations);
    }

    /// <summary>The need for a person, on one line.</summary>
    public override string ToString()
        => $"memory: {Parts} = {ByteSize.Describe(Total)}";

    /// <summary>A warning where the need is more than there is.</summary>
    /// <param name="available">What there is.</param>
    /// <returns>Null: it may fit.</returns>
    public string? Warning(AvailableMemory available)
    {
        if (Total <= available.Bytes)
            return null;
        string[] advice = [MemoryAdvice.OfActivations, MemoryAdvice.OfParameters];
        if (Activations < Total - Activations)
            Array.Reverse(advice); // what helps most comes first
        return $"training needs about {ByteSize.Describe(Total)} of memory ({Parts}), {available.Owner} has {ByteSize.Describe(available.Bytes)} for it; {string.Join("; ", advice)}";
    }

    // Those of the largest layer, and of the largest table beside the layers.
    private static long TogetherByLayers(IReadOnlyList<(string Name, long Bytes)> gradients)
    {
        var byPart = gradients.ToLookup(gradient => Layer().Match(gradient.Name).Value, gradient => gradient.Bytes);
        return byPart[""].DefaultIfEmpty().Max() + byPart.Where(part => part.Key.Length > 0).Select(part => part.Sum()).DefaultIfEmpty().Max();
    }

    [GeneratedRegex(@"^.*\.layers\.\d+(?=\.)")]
    private static partial Regex Layer();

    private static long Bytes(torch.Tensor tensor) => tensor.numel() * tensor.ElementSize;
}
