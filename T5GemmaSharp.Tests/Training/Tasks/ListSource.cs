using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Tests.Training.Tasks;

/// <summary>Examples in memory, the same in every epoch.</summary>
internal sealed class ListSource<TExample>(IReadOnlyList<TExample> examples, Func<TExample, int> lengthOf) : IExampleSource<TExample>
{
    public TExample this[int epoch, int index] => examples[index];

    public int CountOf(int epoch) => examples.Count;

    public ExampleLength LengthOf(int epoch, int index) => new(lengthOf(examples[index]), Decoder: 0);
}
