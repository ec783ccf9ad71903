namespace T5GemmaSharp.Checkpoints.Transfers;

/// <summary>A piece of a part that fits into a buffer.</summary>
/// <param name="Part">Index of the part.</param>
/// <param name="OffsetInPart">Where it starts in the part, in bytes.</param>
/// <param name="LengthInBytes">Its length.</param>
internal readonly record struct TransferChunk(int Part, long OffsetInPart, int LengthInBytes)
{
    /// <summary>Cuts parts into pieces, in an order that is good to read: forward within a file, and from all files in turn.</summary>
    /// <param name="parts">The parts.</param>
    /// <param name="bufferSizeInBytes">Room of a buffer, at least that of an element.</param>
    public static IReadOnlyList<TransferChunk> Plan(IReadOnlyList<TransferPart> parts, int bufferSizeInBytes)
    {
        var files = parts.Index().GroupBy(part => part.Item.Path).Select(file => Cut(file.OrderBy(part => part.Item.OffsetInBytes), bufferSizeInBytes));
        // Of each file the first piece, then of each the second, ...
        return [.. files.SelectMany(chunks => chunks.Index()).OrderBy(chunk => chunk.Index).Select(chunk => chunk.Item)];
    }

    private static IEnumerable<TransferChunk> Cut(IEnumerable<(int Index, TransferPart Part)> parts, int bufferSizeInBytes)
    {
        foreach (var (index, part) in parts)
        {
            var size = bufferSizeInBytes / part.ElementSize * part.ElementSize;
            for (long offset = 0; offset < part.LengthInBytes; offset += size)
                yield return new TransferChunk(index, offset, (int)Math.Min(size, part.LengthInBytes - offset));
        }
    }
}
