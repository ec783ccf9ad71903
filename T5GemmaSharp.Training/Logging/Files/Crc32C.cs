using System.Numerics;

namespace T5GemmaSharp.Training.Logging.Files;

/// <summary>The checksum CRC-32C of RFC 3720.</summary>
internal static class Crc32C
{
    private const uint MaskDelta = 0xA282EAD8;

    public static uint Of(ReadOnlySpan<byte> data)
    {
        var sum = uint.MaxValue;
        foreach (var octet in data)
            sum = BitOperations.Crc32C(sum, octet);
        return ~sum;
    }

    /// <summary>The checksum as TFRecords have it, changed so that a checksum over data with checksums is none over itself.</summary>
    public static uint Masked(ReadOnlySpan<byte> data) => unchecked(BitOperations.RotateRight(Of(data), 15) + MaskDelta);
}
