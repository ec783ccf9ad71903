namespace T5GemmaSharp.Training.Objectives.Denoisers;

/// <summary>A part of a mixture.</summary>
public sealed record WeightedDenoiser
{
    /// <summary>Creates a part.</summary>
    /// <param name="denoiser">The denoiser.</param>
    /// <param name="weight">Its share of the examples, in any unit that the parts have in common.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="weight"/> is not a number above 0.</exception>
    public WeightedDenoiser(Denoiser denoiser, double weight)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        if (!(weight > 0 && double.IsFinite(weight)))
            throw new ArgumentOutOfRangeException(nameof(weight), weight, "weight: expected a number above 0");
        (Denoiser, Weight) = (denoiser, weight);
    }

    /// <summary>The denoiser.</summary>
    public Denoiser Denoiser { get; }

    /// <summary>Its share of the examples, in any unit that the parts have in common.</summary>
    public double Weight { get; }

    /// <summary>The part in the form that <see cref="DenoiserMixture.Parse"/> reads, for example <c>r:3,0.15@0.4</c>.</summary>
    public override string ToString() => $"{Denoiser}@{Weight}";
}
