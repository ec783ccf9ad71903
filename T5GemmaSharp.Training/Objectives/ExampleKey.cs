using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Training.Objectives;

/// <summary>Which example of a run; every random choice in making it is a function of this key alone.</summary>
/// <remarks>So an example is the same in any order of access, on any thread, and after any resume.</remarks>
/// <param name="Seed">The run's seed.</param>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="Index">The example's index in the epoch, from 0.</param>
public readonly record struct ExampleKey(ulong Seed, int Epoch, long Index)
{
    // Keeps these streams apart from those of the batch plan, which are keyed by the same seed and epoch.
    private const ulong Domain = 0x6F62_6A65_6374_6976;

    /// <summary>The random numbers of one choice; each choice has its own stream, so that no change of one shifts another.</summary>
    internal CounterRandom Stream(RandomChoice choice)
    {
        var epoch = new CounterRandom(Seed ^ Domain, (ulong)Epoch)[0];
        var example = new CounterRandom(epoch, (ulong)Index)[0];
        return new CounterRandom(example, (ulong)choice);
    }
}
