using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Training.Data.Files.Labels;

/// <summary>A label as integers: its kind, then its class codes or the bits of its number.</summary>
internal static class StoredLabel
{
    private const int ClassesKind = 0;
    private const int ValueKind = 1;

    /// <summary>Writes a label.</summary>
    /// <param name="label">The label.</param>
    /// <param name="classes">Gives the codes; null where numbers are to be predicted, of which some are written as integers.</param>
    /// <exception cref="FormatException">A class is refused.</exception>
    public static int[] Write(RowLabel label, ClassCollector? classes) => (label, classes) switch
    {
        ({ Value: { } value }, _) => [ValueKind, BitConverter.SingleToInt32Bits(value)],
        ({ Id: { } id }, null) => [ValueKind, BitConverter.SingleToInt32Bits(id)],
        ({ Classes: { } items }, { } known) => [ClassesKind, .. items.Distinct().Select(known.CodeOf).Distinct()],
        var (_, known) => [ClassesKind, known!.CodeOf(label)], // only an id or a value goes without
    };

    /// <summary>Reads a label as a number: an integer counts as one where other rows have fractions.</summary>
    public static float ReadValue(ReadOnlySpan<int> stored)
        => stored[0] == ValueKind ? BitConverter.Int32BitsToSingle(stored[1]) : stored[1];

    /// <summary>Reads the codes of a label's classes.</summary>
    public static ReadOnlySpan<int> ReadCodes(ReadOnlySpan<int> stored) => stored[1..];
}
