namespace T5GemmaSharp.Training.Objectives.Denoisers;

/// <summary>A way to make an example of a window of text. Equal settings are equal denoisers.</summary>
public abstract record Denoiser
{
    private protected Denoiser(DenoiserMode mode) => Mode = mode;

    /// <summary>Its kind.</summary>
    public DenoiserMode Mode { get; }

    /// <summary>The fewest sentinels with which it works.</summary>
    internal abstract int MinimumSentinels { get; }

    /// <summary>The denoiser in the form that <see cref="Parse"/> reads, for example <c>r:3,0.15</c>.</summary>
    public abstract override string ToString();

    /// <summary>Reads a denoiser.</summary>
    /// <param name="text">
    /// <c>r:MEAN,DENSITY</c> or <c>x:MEAN,DENSITY</c>, with <c>,roll</c> behind it for rotated masks; <c>s:half</c>, <c>s:uniform</c>, or <c>s:SHARE</c> with the label's share of the text.
    /// </param>
    /// <exception cref="FormatException">The text has another form, or a number is out of range; the message names it.</exception>
    public static Denoiser Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return DenoiserText.Parse(text);
    }

    /// <summary>The greatest sizes of an example; none of them falls when the window grows.</summary>
    /// <param name="length">Length of the window, at least 2.</param>
    /// <param name="sentinels">How many sentinels there are; spans beyond are merged.</param>
    internal abstract ExampleSize SizeOf(int length, int sentinels);

    /// <summary>The sizes of the example that <see cref="Write"/> makes of a key, without making it.</summary>
    /// <param name="length">Length of the window, at least 2.</param>
    /// <param name="sentinels">How many sentinels there are.</param>
    /// <param name="key">Which example it is.</param>
    internal abstract ExampleSize SizeOf(int length, int sentinels, ExampleKey key);

    /// <summary>Appends the example of a window, without what stands around it.</summary>
    internal abstract void Write(ReadOnlySpan<int> window, IReadOnlyList<int> sentinels, ExampleKey key, List<int> inputIds, List<int> labels);
}
