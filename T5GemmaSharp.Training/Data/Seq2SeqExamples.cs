namespace T5GemmaSharp.Training.Data;

/// <summary>Pairs in memory, the same in every epoch.</summary>
/// <param name="examples">The pairs.</param>
public sealed class Seq2SeqExamples(IReadOnlyList<Seq2SeqExample> examples) : IExampleSource<Seq2SeqExample>
{
    /// <summary>A hash of all ids, by which a run that goes on knows its data again.</summary>
    public string Fingerprint() => ExampleTally.Of(this, epochs: 1).Hash;

    /// <inheritdoc/>
    public Seq2SeqExample this[int epoch, int index] => examples[index];

    /// <inheritdoc/>
    public int CountOf(int epoch) => examples.Count;

    /// <inheritdoc/>
    public ExampleLength LengthOf(int epoch, int index) => examples[index].Length;
}
