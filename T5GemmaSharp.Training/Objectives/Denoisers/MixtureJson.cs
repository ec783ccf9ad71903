using System.Text.Json;

namespace T5GemmaSharp.Training.Objectives.Denoisers;

/// <summary>Mixtures in configuration files.</summary>
internal static class MixtureJson
{
    private const string DenoiserKey = "denoiser";
    private const string WeightKey = "weight";

    /// <summary>Reads a text or a list of parts.</summary>
    public static DenoiserMixture Read(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String)
            return DenoiserMixture.Parse(json.GetString()!); // a JSON string is not null
        if (json.ValueKind != JsonValueKind.Array)
            throw new FormatException($"mixture: expected a text or a list of denoisers, got {json.GetRawText()}");
        WeightedDenoiser[] parts = [.. json.EnumerateArray().Select(ReadPart)];
        return DenoiserText.InRange("mixture", () => new DenoiserMixture(parts));
    }

    private static WeightedDenoiser ReadPart(JsonElement json, int index)
    {
        var name = $"mixture[{index}]";
        if (json.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{name}: expected an object with {DenoiserKey} and {WeightKey}, got {json.GetRawText()}");
        if (json.EnumerateObject().Select(property => property.Name).FirstOrDefault(key => key is not (DenoiserKey or WeightKey)) is { } unknown)
            throw new FormatException($"{name}: expected the keys {DenoiserKey} and {WeightKey}, got {unknown}");
        if (!json.TryGetProperty(DenoiserKey, out var denoiser) || denoiser.ValueKind != JsonValueKind.String)
            throw new FormatException($"{name}.{DenoiserKey}: expected a text such as \"r:3,0.15\"");
        var weight = 1.0;
        if (json.TryGetProperty(WeightKey, out var value) && !(value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out weight)))
            throw new FormatException($"{name}.{WeightKey}: expected a number, got {value.GetRawText()}");
        return DenoiserText.InRange(name, () => new WeightedDenoiser(Denoiser.Parse(denoiser.GetString()!), weight)); // checked above
    }
}
