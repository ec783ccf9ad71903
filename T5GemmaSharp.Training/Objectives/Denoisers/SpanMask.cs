using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Training.Objectives.Denoisers;

/// <summary>Which tokens of a window are noise.</summary>
internal static class SpanMask
{
    /// <summary>Draws a mask: clean and noise spans in turn, clean first.</summary>
    /// <param name="length">Length of the window.</param>
    /// <param name="noise">Tokens of noise, from 1 to <paramref name="length"/> - 1.</param>
    /// <param name="spans">Spans of noise, at most the tokens of noise and at most those that are clean.</param>
    /// <param name="roll">Whether the mask is rotated.</param>
    /// <param name="key">Which example it is for.</param>
    /// <returns>True for noise [length].</returns>
    public static bool[] Create(int length, int noise, int spans, bool roll, ExampleKey key)
    {
        var noiseParts = Segment(noise, spans, key.Stream(RandomChoice.NoiseSpans));
        var cleanParts = Segment(length - noise, spans, key.Stream(RandomChoice.CleanSpans));
        var position = roll ? key.Stream(RandomChoice.Roll).Below(0, length) : 0;
        var mask = new bool[length];
        for (var span = 0; span < spans; span++)
        {
            position += cleanParts[span];
            for (var end = position + noiseParts[span]; position < end; position++)
                mask[position % length] = true;
        }

        return mask;
    }

    /// <summary>Parts a number into positive numbers; every way is as likely.</summary>
    /// <param name="total">The number.</param>
    /// <param name="parts">How many parts, from 1 to <paramref name="total"/>.</param>
    /// <param name="random">Its random numbers.</param>
    /// <returns>The parts [parts].</returns>
    public static int[] Segment(int total, int parts, CounterRandom random)
    {
        // Of the total - 1 places between neighbours, parts - 1 are cuts.
        var cuts = new bool[total - 1];
        cuts.AsSpan(..(parts - 1)).Fill(true);
        random.Shuffle<bool>(cuts);
        var lengths = new int[parts];
        var part = 0;
        lengths[0] = 1;
        foreach (var cut in cuts)
            lengths[cut ? ++part : part]++;
        return lengths;
    }

    /// <summary>Spans of noise in a mask.</summary>
    public static int Spans(bool[] mask) => Enumerable.Range(0, mask.Length).Count(index => mask[index] && Begins(mask, index));

    /// <summary>Parts a window by a mask: clean tokens to the encoder, noise to the labels, the span's sentinel to both.</summary>
    public static void Apply(ReadOnlySpan<bool> mask, ReadOnlySpan<int> window, IReadOnlyList<int> sentinels, List<int> inputIds, List<int> labels)
    {
        var span = 0;
        for (var index = 0; index < window.Length; index++)
        {
            if (!mask[index])
            {
                inputIds.Add(window[index]);
                continue;
            }

            if (Begins(mask, index))
            {
                inputIds.Add(sentinels[span]);
                labels.Add(sentinels[span]);
                span++;
            }

            labels.Add(window[index]);
        }
    }

    // Of a place with noise.
    private static bool Begins(ReadOnlySpan<bool> mask, int index) => index == 0 || !mask[index - 1];
}
