namespace T5GemmaSharp.Training.Data;

/// <summary>Random numbers as a pure function of a key and a counter, so that resuming needs no stored generator.</summary>
/// <remarks>SplitMix64: every value is the mix of the key plus a multiple of the golden ratio. Independent of .NET's <see cref="Random"/>.</remarks>
public readonly struct CounterRandom
{
    private const ulong GoldenRatio = 0x9E37_79B9_7F4A_7C15;

    private readonly ulong _key;

    /// <summary>Creates the stream of a key.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="stream">Which stream of the run, for example the epoch.</param>
    public CounterRandom(ulong seed, ulong stream) => _key = Mix(Mix(seed + GoldenRatio) + stream);

    /// <summary>The value at a place of the stream.</summary>
    public ulong this[ulong counter] => Mix(_key + ((counter + 1) * GoldenRatio));

    /// <summary>A uniform number of 0 to <paramref name="bound"/> - 1.</summary>
    /// <param name="counter">The place of the stream.</param>
    /// <param name="bound">How many numbers there are, at least 1.</param>
    public int Below(ulong counter, int bound)
        => (int)Math.BigMul(this[counter], (ulong)bound, out _); // the high half of the product, uniform up to 2^-64 * bound

    /// <summary>A uniform number of [0, 1), a multiple of 2^-53.</summary>
    /// <param name="counter">The place of the stream.</param>
    public double Fraction(ulong counter) => (this[counter] >> 11) * (1.0 / (1UL << 53));

    /// <summary>Shuffles a list in place (Fisher-Yates).</summary>
    /// <param name="items">The items.</param>
    /// <typeparam name="T">Their type.</typeparam>
    public void Shuffle<T>(Span<T> items)
    {
        for (var last = items.Length - 1; last > 0; last--)
        {
            var other = Below((ulong)last, last + 1);
            (items[last], items[other]) = (items[other], items[last]);
        }
    }

    /// <summary>SplitMix64's finalizer: a bijection of 64 bits that flips about half of them for each bit changed.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
