namespace T5GemmaSharp.Training.Objectives.Denoisers;

/// <summary>Published mixtures.</summary>
internal static class DenoiserPresets
{
    public static IReadOnlyDictionary<string, DenoiserMixture> All { get; } = new Dictionary<string, string>
    {
        ["t5"] = "r:3,0.15",

        // R, X and S have 0.4, 0.4 and 0.2; R's and X's is shared by their settings.
        ["ul2"] = "r:3,0.15@0.2+r:8,0.15@0.2+x:3,0.5@0.1+x:8,0.5@0.1+x:64,0.15@0.1+x:64,0.5@0.1+s:uniform@0.2",

        // The encoder of S reads a quarter of the text.
        ["t5gemma2-ul2"] = "r:3,0.15@1+r:12,0.5@1+x:32,0.15@1+x:32,0.5@1+s:0.75@4",
        ["prefixlm"] = "s:half",
    }.ToDictionary(preset => preset.Key, preset => DenoiserText.ParseParts(preset.Value), StringComparer.Ordinal).AsReadOnly();
}
