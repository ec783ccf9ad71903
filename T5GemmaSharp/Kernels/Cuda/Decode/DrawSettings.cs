using System.Runtime.InteropServices;
using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>How the tokens of a row are drawn, as <c>sampling.cu</c> reads it.</summary>
/// <param name="Temperature">0: the most probable token is taken.</param>
/// <param name="TopP">1: no cut.</param>
/// <param name="MinP">0: no cut.</param>
/// <param name="TopK">0: no cut.</param>
/// <param name="Seed">Of the row.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct DrawSettings(float Temperature, float TopP, float MinP, int TopK, ulong Seed)
{
    /// <summary>The settings of all rows.</summary>
    /// <param name="settings">Of the generation.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="seed">Rows have draws of their own.</param>
    public static DrawSettings[] For(GenerationSettings settings, int rows, ulong seed)
    {
        if (!settings.DoSample)
            return [.. Enumerable.Repeat(new DrawSettings(Temperature: 0, TopP: 1, MinP: 0, TopK: 0, Seed: 0), rows)];
        var row = new DrawSettings((float)settings.Temperature, (float)settings.TopP, (float)(settings.MinP ?? 0), Math.Max(settings.TopK, 0), Seed: 0);
        return [.. Enumerable.Range(0, rows).Select(index => row with { Seed = Mix(seed + (ulong)index) })];
    }

    // SplitMix64: neighbouring seeds get unrelated numbers.
    private static ulong Mix(ulong seed)
    {
        seed += 0x9E3779B97F4A7C15;
        seed = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9;
        seed = (seed ^ (seed >> 27)) * 0x94D049BB133111EB;
        return seed ^ (seed >> 31);
    }
}
