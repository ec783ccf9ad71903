namespace T5GemmaSharp.Training.Objectives.Denoisers;

/// <summary>Prefix language modelling: the encoder reads the first part of a window, the labels are the rest. Nothing stands between the parts.</summary>
public sealed record PrefixLm : Denoiser
{
    private readonly Split _split;
    private readonly double _share;

    private PrefixLm(Split split, double share = 0)
        : base(DenoiserMode.Sequential) => (_split, _share) = (split, share);

    private enum Split
    {
        Half,
        Uniform,
        Fixed,
    }

    /// <summary>T5Gemma's: the encoder reads half of the window, rounded down.</summary>
    public static PrefixLm Half { get; } = new(Split.Half);

    /// <summary>T5's and UL2's: every split is as likely; both parts have at least one token.</summary>
    public static PrefixLm Uniform { get; } = new(Split.Uniform);

    /// <inheritdoc/>
    internal override int MinimumSentinels => 0;

    /// <summary>A fixed part of every window.</summary>
    /// <param name="share">The labels' share of the window, between 0 and 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="share"/> is not between 0 and 1.</exception>
    public static PrefixLm Fixed(double share) => share is > 0 and < 1
        ? new PrefixLm(Split.Fixed, share)
        : throw new ArgumentOutOfRangeException(nameof(share), share, "share: expected a number between 0 and 1");

    /// <inheritdoc/>
    public override string ToString() => _split switch
    {
        Split.Half => "s:half",
        Split.Uniform => "s:uniform",
        _ => $"s:{_share}",
    };

    /// <inheritdoc/>
    internal override ExampleSize SizeOf(int length, int sentinels)
    {
        if (_split == Split.Uniform)
            return new ExampleSize(length - 1, length - 1, Sentinels: 0); // either part may be all but one token
        var prefix = FixedPrefix(length);
        return new ExampleSize(prefix, length - prefix, Sentinels: 0);
    }

    /// <inheritdoc/>
    internal override ExampleSize SizeOf(int length, int sentinels, ExampleKey key)
    {
        var prefix = Prefix(length, key);
        return new ExampleSize(prefix, length - prefix, Sentinels: 0);
    }

    /// <inheritdoc/>
    internal override void Write(ReadOnlySpan<int> window, IReadOnlyList<int> sentinels, ExampleKey key, List<int> inputIds, List<int> labels)
    {
        var prefix = Prefix(window.Length, key);
        inputIds.AddRange(window[..prefix]);
        labels.AddRange(window[prefix..]);
    }

    private int Prefix(int length, ExampleKey key) => _split == Split.Uniform ? 1 + key.Stream(RandomChoice.Split).Below(0, length - 1) : FixedPrefix(length);

    private int FixedPrefix(int length)
        => _split == Split.Half ? length / 2 : (int)Math.Clamp(Math.Round((1 - _share) * length), 1, length - 1);
}
