using System.Globalization;

namespace T5GemmaSharp.Training.Objectives.Denoisers;

/// <summary>The compact form of denoisers and mixtures.</summary>
internal static class DenoiserText
{
    private const string Forms = "r:MEAN,DENSITY or x:MEAN,DENSITY (with ,roll behind it for rotated masks), s:half, s:uniform or s:SHARE";

    /// <summary>Reads a preset's name or the parts of a mixture.</summary>
    public static DenoiserMixture ParseMixture(string text)
    {
        if (DenoiserMixture.Presets.TryGetValue(text.Trim(), out var preset))
            return preset;
        if (!text.Contains(':', StringComparison.Ordinal))
            throw new FormatException($"mixture: expected {string.Join(", ", DenoiserMixture.Presets.Keys)}, or denoisers joined by +, got \"{text}\"");
        return ParseParts(text);
    }

    /// <summary>Reads the parts of a mixture.</summary>
    public static DenoiserMixture ParseParts(string text)
    {
        WeightedDenoiser[] parts = [.. text.Split('+').Select(ParsePart)];
        return InRange($"mixture \"{text}\"", () => new DenoiserMixture(parts));
    }

    /// <summary>Reads a denoiser.</summary>
    public static Denoiser Parse(string text)
    {
        var name = $"denoiser \"{text.Trim()}\"";
        var (kind, rest) = SplitAt(text, ':');
        return InRange<Denoiser>(name, () => (kind, rest?.Split(',', StringSplitOptions.TrimEntries)) switch
        {
            ("r", [var mean, var density]) => Spans(DenoiserMode.Regular, mean, density, roll: false),
            ("x", [var mean, var density]) => Spans(DenoiserMode.Extreme, mean, density, roll: false),
            ("r", [var mean, var density, "roll"]) => Spans(DenoiserMode.Regular, mean, density, roll: true),
            ("x", [var mean, var density, "roll"]) => Spans(DenoiserMode.Extreme, mean, density, roll: true),
            ("s", ["half"]) => PrefixLm.Half,
            ("s", ["uniform"]) => PrefixLm.Uniform,
            ("s", [var share]) => PrefixLm.Fixed(Number(share, name, "SHARE")),
            _ => throw new FormatException($"{name}: expected {Forms}"),
        });

        SpanCorruption Spans(DenoiserMode mode, string mean, string density, bool roll)
            => new(mode, Number(mean, name, "MEAN"), Number(density, name, "DENSITY"), roll);
    }

    /// <summary>Runs a constructor, and names the text of which it refuses a number.</summary>
    public static T InRange<T>(string name, Func<T> create)
    {
        try
        {
            return create();
        }
        catch (ArgumentException exception)
        {
            throw new FormatException($"{name}: {exception.Message}", exception);
        }
    }

    private static WeightedDenoiser ParsePart(string text)
    {
        var (denoiser, weight) = SplitAt(text, '@');
        var name = $"denoiser \"{text.Trim()}\"";
        return InRange(name, () => new WeightedDenoiser(Parse(denoiser), weight is null ? 1 : Number(weight, name, "WEIGHT")));
    }

    private static double Number(string text, string name, string part)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"{name}: expected a number as {part}, got \"{text}\"");

    private static (string Before, string? Behind) SplitAt(string text, char separator)
    {
        var index = text.IndexOf(separator, StringComparison.Ordinal);
        return index < 0 ? (text.Trim(), null) : (text[..index].Trim(), text[(index + 1)..].Trim());
    }
}
