namespace T5GemmaSharp.Checkpoints;

/// <summary>A safetensors header that has passed every check, and the check of how its tensors tile the file.</summary>
/// <param name="Metadata">The free text of <c>__metadata__</c>; empty when there is none.</param>
/// <param name="Entries">The tensors in the order of their bytes.</param>
internal sealed record SafetensorsHeader(IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<SafetensorsEntry> Entries)
{
    /// <summary>The longest header that is read, in bytes; Hugging Face's reader has the same limit.</summary>
    public const int MaxLengthInBytes = 100_000_000;

    /// <summary>The bytes before the header, which hold its length.</summary>
    public const int PrefixLengthInBytes = sizeof(ulong);

    /// <summary>Parses and checks a header.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="text">The header's bytes, without the length before them.</param>
    /// <param name="fileLengthInBytes">The length of the whole file.</param>
    /// <exception cref="SafetensorsFormatException">The header breaks a rule of the format.</exception>
    public static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> text, long fileLengthInBytes)
    {
        var dataOffset = PrefixLengthInBytes + (long)text.Length;
        var reader = new SafetensorsHeaderReader(path, text, dataOffset);
        reader.ReadAll();
        // A stable sort: empty tensors at one place keep the header's order.
        var entries = reader.Entries.OrderBy(entry => entry.OffsetInBytes).ThenBy(entry => entry.LengthInBytes).ToArray();
        CheckTiling(path, entries, dataOffset, fileLengthInBytes);
        return new SafetensorsHeader(reader.Metadata, entries);
    }

    private static void CheckTiling(string path, SafetensorsEntry[] entries, long dataOffset, long fileLengthInBytes)
    {
        var position = dataOffset;
        foreach (var entry in entries)
        {
            var begin = entry.OffsetInBytes;
            // Subtracting cannot overflow, adding might.
            if (begin > fileLengthInBytes || entry.LengthInBytes > fileLengthInBytes - begin)
            {
                throw new SafetensorsFormatException(
                    path, SafetensorsRule.FileTruncated, entry.Name,
                    $"{entry.LengthInBytes} bytes at offset {begin}", $"a file of {fileLengthInBytes} bytes");
            }

            if (begin != position)
            {
                throw new SafetensorsFormatException(
                    path, begin < position ? SafetensorsRule.Overlap : SafetensorsRule.Hole, entry.Name,
                    $"data at offset {position}, where the tensor before it ends", $"offset {begin}");
            }

            position = begin + entry.LengthInBytes;
        }

        if (position != fileLengthInBytes)
        {
            throw new SafetensorsFormatException(
                path, SafetensorsRule.TrailingBytes, tensorName: null,
                $"a file of {position} bytes, where the last tensor ends", $"{fileLengthInBytes} bytes");
        }
    }
}
