namespace T5GemmaSharp.Training.Data;

/// <summary>Pairs in memory, the same in every epoch.</summary>
/// <param name="examples">The pairs.</param>
public sealed class Seq2SeqExamples(IReadOnlyList<Seq2SeqExample> examples) : IExampleSource<Seq2SeqExample>
{
    /// <inheritdoc/>
    public int Count => examples.Count;

    /// <inheritdoc/>
    public Seq2SeqExample this[int epoch, int index] => examples[index];

    /// <inheritdoc/>
    public ExampleLength LengthOf(int epoch, int index) => examples[index].Length;
}
