namespace T5GemmaSharp.Training.Objectives.Denoisers;

/// <summary>Finds windows whose examples fill their budgets, so that no example needs to be padded or cut.</summary>
/// <remarks>T5's <c>random_spans_helper</c>, with a budget for the labels instead of the rule that they are no longer than the inputs at a density of one half.</remarks>
internal static class LengthSolver
{
    /// <summary>A window needs a token for the encoder and one for the labels.</summary>
    public const int ShortestWindow = 2;

    /// <summary>The longest window whose example fits.</summary>
    /// <param name="denoiser">The denoiser.</param>
    /// <param name="room">Tokens for text and sentinels, and the number of sentinels, at least the fewest that the denoiser needs.</param>
    /// <param name="overflow">What to do where there are more spans than sentinels.</param>
    /// <returns>Tokens of text; fewer than <see cref="ShortestWindow"/> when none fits.</returns>
    /// <exception cref="ArgumentException">The sentinels are too few under <see cref="SentinelOverflow.Error"/>.</exception>
    public static int Solve(Denoiser denoiser, ExampleSize room, SentinelOverflow overflow) => overflow switch
    {
        SentinelOverflow.Shrink => Longest(denoiser, room, int.MaxValue),
        SentinelOverflow.Merge => Longest(denoiser, room, room.Sentinels),
        SentinelOverflow.Error => LongestOrError(denoiser, room),
        _ => throw new ArgumentOutOfRangeException(nameof(overflow), overflow, "options.Overflow: expected Shrink, Merge or Error"),
    };

    private static int LongestOrError(Denoiser denoiser, ExampleSize room)
    {
        var length = Longest(denoiser, room with { Sentinels = int.MaxValue }, int.MaxValue);
        if (length < ShortestWindow || denoiser.SizeOf(length, int.MaxValue).Sentinels is var needed && needed <= room.Sentinels)
            return length;
        throw new ArgumentException(
            $"options.Overflow: a window of {length} tokens under {denoiser} needs {needed} sentinels, the table has {room.Sentinels}; choose SentinelOverflow.Shrink "
            + $"(windows of {Longest(denoiser, room, int.MaxValue)} tokens) or SentinelOverflow.Merge (longer spans), lower the budgets, or give a longer SentinelTable");
    }

    // No size falls when the window grows, and the window is at most both budgets together, so the first that does not fit ends the search.
    private static int Longest(Denoiser denoiser, ExampleSize room, int sentinels)
    {
        var length = ShortestWindow - 1;
        while (denoiser.SizeOf(length + 1, sentinels) is var size && size.Encoder <= room.Encoder && size.Decoder <= room.Decoder && size.Sentinels <= room.Sentinels)
            length++;
        return length;
    }
}
