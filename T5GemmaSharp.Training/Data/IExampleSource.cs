namespace T5GemmaSharp.Training.Data;

/// <summary>Examples of a run. An example is a pure function of the epoch and its index, so that a run can go on anywhere; any thread may ask for it.</summary>
/// <typeparam name="TExample">What an example is.</typeparam>
public interface IExampleSource<out TExample>
{
    /// <summary>An example.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="index">0 to <see cref="CountOf"/> - 1.</param>
    TExample this[int epoch, int index] { get; }

    /// <summary>Examples of an epoch.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    int CountOf(int epoch);

    /// <summary>Size of an example.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="index">0 to <see cref="CountOf"/> - 1.</param>
    ExampleLength LengthOf(int epoch, int index);
}
