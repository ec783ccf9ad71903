using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Training.Objectives;

/// <summary>The ids that stand for spans and for modes: an explicit list, never arithmetic on the size of the vocabulary.</summary>
public sealed class SentinelTable
{
    private const int ModeCount = 3;

    /// <summary>Creates a table.</summary>
    /// <param name="sentinels">Id of the first span, of the second and so on; at least one.</param>
    /// <param name="modes">Ids of the modes R, X and S in this order; empty for a table without mode tokens.</param>
    /// <exception cref="ArgumentException">There is no sentinel, the number of modes is neither 3 nor 0, or an id is negative or there twice.</exception>
    public SentinelTable(IReadOnlyList<int> sentinels, IReadOnlyList<int> modes)
    {
        ArgumentNullException.ThrowIfNull(sentinels);
        ArgumentNullException.ThrowIfNull(modes);
        if (sentinels.Count == 0)
            throw new ArgumentException("sentinels: expected at least one id, got none", nameof(sentinels));
        if (modes.Count is not (0 or ModeCount))
            throw new ArgumentException($"modes: expected the ids of R, X and S, or none, got {modes.Count}", nameof(modes));
        var seen = new HashSet<int>();
        foreach (var id in sentinels.Concat(modes))
        {
            if (id < 0)
                throw new ArgumentException($"sentinels, modes: expected ids from 0, got {id}", nameof(sentinels));
            if (!seen.Add(id))
                throw new ArgumentException($"sentinels, modes: expected every id once, got {id} twice", nameof(sentinels));
        }

        (Sentinels, Modes) = ([.. sentinels], [.. modes]);
    }

    /// <summary>
    /// The default in Gemma's vocabulary: <c>&lt;unused0&gt;</c> to <c>&lt;unused95&gt;</c> (7 to 102) as sentinels, <c>&lt;unused96&gt;</c> to <c>&lt;unused98&gt;</c>
    /// (103 to 105) as the modes R, X and S. Text never yields them, and they have rows in the embedding. Which tokens Google's UL2 runs used is not known.
    /// </summary>
    public static SentinelTable Gemma { get; } = new([.. Enumerable.Range(7, 96)], [103, 104, 105]);

    /// <summary>Id of each span's sentinel, by the span's place in the text.</summary>
    public IReadOnlyList<int> Sentinels { get; }

    /// <summary>Ids of the modes R, X and S; empty when the table has none.</summary>
    public IReadOnlyList<int> Modes { get; }

    /// <summary>Id of a mode.</summary>
    /// <exception cref="InvalidOperationException">The table has no mode tokens.</exception>
    internal int ModeId(DenoiserMode mode) => Modes.Count == ModeCount
        ? Modes[(int)mode]
        : throw new InvalidOperationException("the sentinel table has no mode tokens: give it the ids of R, X and S, or choose ModeTokens.None or ModeTokens.Text");
}
