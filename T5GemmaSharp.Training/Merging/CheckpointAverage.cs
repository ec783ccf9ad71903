using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Training.Checkpointing;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Merging;

/// <summary>Writes the mean of the weights of several models. One tensor at a time is in memory.</summary>
internal static class CheckpointAverage
{
    /// <summary>Averages on the CPU in float32 (float64 of float64 tensors); the result has the dtypes of the models.</summary>
    /// <param name="models">Folders of models with the same tensors and configuration.</param>
    /// <param name="weights">Weight of each model, 0 or more; their sum need not be 1.</param>
    /// <param name="output">Folder of the result, new or empty; it appears whole or not at all.</param>
    /// <exception cref="ArgumentException">A weight is negative or not finite, or all are 0.</exception>
    /// <exception cref="IOException">A file is missing, or the folder of the result holds something.</exception>
    /// <exception cref="InvalidDataException">The models differ in more than the values of their weights; the message lists all differences.</exception>
    public static void Write(IReadOnlyList<string> models, IReadOnlyList<double> weights, string output)
    {
        if (weights.FirstOrDefault(weight => !double.IsFinite(weight) || weight < 0) is var fault and not 0)
            throw new ArgumentException($"weights: expected numbers from 0, got {fault}");
        var total = weights.Sum();
        if (total is not (> 0 and < double.PositiveInfinity))
            throw new ArgumentException($"weights: expected a finite sum above 0, got {total}");
        var readers = new List<CheckpointReader>();
        try
        {
            foreach (var model in models)
                readers.Add(CheckpointReader.Open(model));
            CheckpointComparison.Demand(models, readers);
            AtomicFolder.Write(output, temporary =>
            {
                new CheckpointWriter().Write(temporary, readers[0].Keys.ToDictionary(key => key, key => Mean(readers, weights, total, key)));
                ModelFiles.Copy(models[0], temporary);
            });
        }
        finally
        {
            readers.ForEach(reader => reader.Dispose());
        }
    }

    private static TensorSource Mean(List<CheckpointReader> readers, IReadOnlyList<double> weights, double total, string key)
    {
        var entry = readers[0].GetEntry(key);
        return new TensorSource(entry.DType, entry.Shape, () =>
        {
            using var scope = NewDisposeScope();
            var sum = zeros([.. entry.Shape], dtype: entry.DType == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32);
            for (var index = 0; index < readers.Count; index++)
                sum.add_(readers[index].Read(key), weights[index]);
            return scope.MoveToOuter(sum.div_(total).to(entry.DType));
        });
    }
}
