namespace T5GemmaSharp.Training.Objectives.Denoisers;

/// <summary>T5's span corruption: spans of the text move to the labels, and a sentinel stands in their place.</summary>
/// <remarks>
/// T5's <c>random_spans_noise_mask</c>. A sentinel in the labels stands before its span, and none closes them. The window begins with clean text and ends
/// with noise, unless the mask is rotated; then, other than in T5, each sentinel still stands before its own span.
/// </remarks>
public sealed record SpanCorruption : Denoiser
{
    /// <summary>Creates a span corruption.</summary>
    /// <param name="mode"><see cref="DenoiserMode.Regular"/> or <see cref="DenoiserMode.Extreme"/>.</param>
    /// <param name="meanSpan">Mean length of a span in tokens, at least 1.</param>
    /// <param name="density">Share of the window that is noise, between 0 and 1.</param>
    /// <param name="randomRoll">Whether each mask is rotated by a random number of tokens; of use where there is one span. Default false.</param>
    /// <exception cref="ArgumentException">The mode is sequential.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public SpanCorruption(DenoiserMode mode, double meanSpan, double density, bool randomRoll = false)
        : base(mode)
    {
        if (mode is not (DenoiserMode.Regular or DenoiserMode.Extreme))
            throw new ArgumentException($"mode: expected Regular or Extreme for span corruption, got {mode}; PrefixLm is sequential", nameof(mode));
        if (!(meanSpan >= 1 && double.IsFinite(meanSpan)))
            throw new ArgumentOutOfRangeException(nameof(meanSpan), meanSpan, "meanSpan: expected a number from 1");
        if (density is not (> 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(density), density, "density: expected a number between 0 and 1");
        (MeanSpan, Density, RandomRoll) = (meanSpan, density, randomRoll);
    }

    /// <summary>Mean length of a span in tokens.</summary>
    public double MeanSpan { get; }

    /// <summary>Share of the window that is noise.</summary>
    public double Density { get; }

    /// <summary>Whether each mask is rotated by a random number of tokens.</summary>
    public bool RandomRoll { get; }

    /// <inheritdoc/>
    internal override int MinimumSentinels => 1 + WrappedSpans;

    // A rotation can part one span into two, at the end and at the start of the window.
    private int WrappedSpans => RandomRoll ? 1 : 0;

    /// <inheritdoc/>
    public override string ToString() => $"{(Mode == DenoiserMode.Regular ? 'r' : 'x')}:{MeanSpan},{Density}{(RandomRoll ? ",roll" : "")}";

    /// <summary>How many tokens of a window are noise, and in how many spans, before the mask is rotated.</summary>
    /// <param name="length">Length of the window, at least 2.</param>
    /// <param name="sentinels">How many sentinels there are.</param>
    internal (int Noise, int Spans) Count(int length, int sentinels)
    {
        // Half to even, as TensorFlow and NumPy round.
        var noise = (int)Math.Clamp(Math.Round(length * Density), 1, length - 1);
        var spans = (int)Math.Max(Math.Round(noise / MeanSpan), 1);

        // T5 lacks the guard that every span and every gap has a token.
        return (noise, Math.Min(Math.Min(spans, sentinels - WrappedSpans), Math.Min(noise, length - noise)));
    }

    /// <inheritdoc/>
    internal override ExampleSize SizeOf(int length, int sentinels)
    {
        var (noise, spans) = Count(length, sentinels);
        spans += WrappedSpans;
        return new ExampleSize(length - noise + spans, noise + spans, spans);
    }

    /// <inheritdoc/>
    internal override ExampleSize SizeOf(int length, int sentinels, ExampleKey key)
    {
        if (!RandomRoll)
            return SizeOf(length, sentinels);
        var (noise, spans) = Count(length, sentinels);
        spans = SpanMask.Spans(SpanMask.Create(length, noise, spans, RandomRoll, key));
        return new ExampleSize(length - noise + spans, noise + spans, spans);
    }

    /// <inheritdoc/>
    internal override void Write(ReadOnlySpan<int> window, IReadOnlyList<int> sentinels, ExampleKey key, List<int> inputIds, List<int> labels)
    {
        var (noise, spans) = Count(window.Length, sentinels.Count);
        var mask = SpanMask.Create(window.Length, noise, spans, RandomRoll, key);
        SpanMask.Apply(mask, window, sentinels, inputIds, labels);
    }
}
