using System.Text.Json;

namespace T5GemmaSharp.Training.Objectives.Denoisers;

/// <summary>Denoisers of which one is drawn for every example.</summary>
public sealed class DenoiserMixture
{
    private readonly double _total;

    /// <summary>Creates a mixture.</summary>
    /// <param name="parts">Different denoisers with their weights; at least one.</param>
    /// <exception cref="ArgumentException">There is no part, or a denoiser is there twice.</exception>
    public DenoiserMixture(IReadOnlyList<WeightedDenoiser> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Count == 0)
            throw new ArgumentException("parts: expected at least one denoiser, got none", nameof(parts));
        if (parts.CountBy(part => part.Denoiser).FirstOrDefault(group => group.Value > 1).Key is { } twice)
            throw new ArgumentException($"parts: expected different denoisers, got {twice} twice; add its weights up", nameof(parts));
        Parts = [.. parts];
        _total = parts.Sum(part => part.Weight);
    }

    /// <summary>The mixtures that have a name: <c>t5</c>, <c>ul2</c>, <c>t5gemma2-ul2</c> and <c>prefixlm</c>.</summary>
    public static IReadOnlyDictionary<string, DenoiserMixture> Presets => DenoiserPresets.All;

    /// <summary>The denoisers and their weights.</summary>
    public IReadOnlyList<WeightedDenoiser> Parts { get; }

    /// <summary>Reads a mixture.</summary>
    /// <param name="text">
    /// The name of a preset, or denoisers joined by <c>+</c>, each as <see cref="Denoiser.Parse"/> reads it with <c>@WEIGHT</c> behind it (1 when it has none):
    /// <c>r:3,0.15@0.4+x:32,0.5@0.4+s:uniform@0.2</c>. None of the characters needs quotes in a shell.
    /// </param>
    /// <exception cref="FormatException">The text has another form, or a number is out of range; the message names it.</exception>
    public static DenoiserMixture Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return DenoiserText.ParseMixture(text);
    }

    /// <summary>Reads a mixture from a configuration file.</summary>
    /// <param name="json">A text for <see cref="Parse"/>, or a list of objects <c>{"denoiser": "r:3,0.15", "weight": 0.4}</c>; a weight that is missing is 1.</param>
    /// <exception cref="FormatException">The value has another form; the message names the place.</exception>
    public static DenoiserMixture FromJson(JsonElement json) => MixtureJson.Read(json);

    /// <summary>The denoiser of an example.</summary>
    /// <param name="key">Which example.</param>
    public Denoiser Draw(ExampleKey key)
    {
        var rest = key.Stream(RandomChoice.Denoiser).Fraction(0) * _total;
        foreach (var part in Parts)
        {
            rest -= part.Weight;
            if (rest < 0)
                return part.Denoiser;
        }

        return Parts[^1].Denoiser; // the weights' sum is rounded
    }

    /// <summary>The mixture in the form that <see cref="Parse"/> reads.</summary>
    public override string ToString() => string.Join('+', Parts);
}
