namespace T5GemmaSharp.Training.Data;

/// <summary>The examples of the first epochs, again and again.</summary>
/// <param name="examples">The examples.</param>
/// <param name="epochs">How many epochs before the first comes again, at least 1.</param>
internal sealed class RepeatedEpochs(IExampleSource<Seq2SeqExample> examples, int epochs) : IExampleSource<Seq2SeqExample>
{
    /// <inheritdoc/>
    public Seq2SeqExample this[int epoch, int index] => examples[epoch % epochs, index];

    /// <inheritdoc/>
    public int CountOf(int epoch) => examples.CountOf(epoch % epochs);

    /// <inheritdoc/>
    public ExampleLength LengthOf(int epoch, int index) => examples.LengthOf(epoch % epochs, index);
}
