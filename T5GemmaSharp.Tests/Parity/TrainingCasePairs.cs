using T5GemmaSharp.Training.Data;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Parity;

/// <summary>The batches of a case as pairs without padding: an epoch for each step, so that a step takes its batch.</summary>
internal sealed class TrainingCasePairs : IExampleSource<Seq2SeqExample>
{
    private readonly Seq2SeqExample[][] _batches;

    public TrainingCasePairs(TrainingCase source) => _batches = [.. Enumerable.Range(0, source.Settings.Steps).Select(step => Read(source, step))];

    public Seq2SeqExample this[int epoch, int index] => _batches[epoch % _batches.Length][index]; // the trainer prepares a few steps more than it takes

    public int CountOf(int epoch) => _batches[epoch % _batches.Length].Length;

    public ExampleLength LengthOf(int epoch, int index) => this[epoch, index].Length;

    private static Seq2SeqExample[] Read(TrainingCase source, int step)
    {
        using var scope = NewDisposeScope();
        var batch = source.Batch(step);
        var lengths = batch.AttentionMask!.Mask!.sum(dim: 1).data<long>().ToArray(); // every case has a mask and labels
        return [.. lengths.Select((length, row) => new Seq2SeqExample(Row(batch.InputIds!, row)[..(int)length], WithoutPadding(Row(batch.Labels!, row))))];
    }

    private static int[] Row(Tensor cells, int row) => [.. cells[row].data<long>().Select(id => (int)id)];

    private static int[] WithoutPadding(int[] labels) => labels[..(Array.FindLastIndex(labels, label => label != Seq2SeqBatch.IgnoreIndex) + 1)];
}
