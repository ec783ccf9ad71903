using System.Buffers.Binary;
using System.Text;

namespace T5GemmaSharp.Tests.Training.Logging;

/// <summary>Reads event files by the descriptions of TFRecord, of Protobuf's wire format and of <c>event.proto</c>, with a checksum of its own.</summary>
internal static class EventReader
{
    /// <summary>An event: its step, and either a version, a start of the program, or values by tag.</summary>
    public sealed record ReadEvent(double WallTime, long Step, string? Version, bool IsStart, IReadOnlyDictionary<string, float> Values);

    public static IReadOnlyList<ReadEvent> Read(string path)
    {
        var rest = File.ReadAllBytes(path).AsSpan();
        List<ReadEvent> events = [];
        while (rest.Length > 0)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(rest);
            CheckSum(rest[..8], rest[8..12]);
            var data = rest.Slice(12, length);
            CheckSum(data, rest.Slice(12 + length, 4));
            events.Add(ReadOne(data));
            rest = rest[(12 + length + 4)..];
        }

        return events;
    }

    private static ReadEvent ReadOne(ReadOnlySpan<byte> data)
    {
        var result = new ReadEvent(0, 0, null, IsStart: false, new Dictionary<string, float>());
        foreach (var (field, value) in Fields(data))
        {
            result = field switch
            {
                1 => result with { WallTime = BinaryPrimitives.ReadDoubleLittleEndian(value) },
                2 => result with { Step = BinaryPrimitives.ReadInt64LittleEndian(value) },
                3 => result with { Version = Encoding.UTF8.GetString(value) },
                5 => result with { Values = Fields(value).Where(item => item.Number == 1).Select(item => ReadValue(item.Value)).ToDictionary() },
                7 => result with { IsStart = Fields(value).Any(item => item.Number == 1 && BinaryPrimitives.ReadInt64LittleEndian(item.Value) == 1) },
                _ => throw new FormatException($"unexpected field {field} of an event"),
            };
        }

        return result;
    }

    private static KeyValuePair<string, float> ReadValue(byte[] data)
    {
        var fields = Fields(data).ToDictionary();
        return new(Encoding.UTF8.GetString(fields[1]), BinaryPrimitives.ReadSingleLittleEndian(fields[2]));
    }

    /// <summary>The fields of a message; a varint as 8 bytes.</summary>
    private static List<(int Number, byte[] Value)> Fields(ReadOnlySpan<byte> data)
    {
        List<(int, byte[])> fields = [];
        while (data.Length > 0)
        {
            var key = Varint(ref data);
            byte[] value;
            if ((key & 7) == 0)
            {
                value = BitConverter.GetBytes(Varint(ref data));
            }
            else
            {
                var length = (key & 7) switch { 1 => 8, 5 => 4, 2 => (int)Varint(ref data), var kind => throw new FormatException($"unexpected wire type {kind}") };
                value = data[..length].ToArray();
                data = data[length..];
            }

            fields.Add(((int)(key >> 3), value));
        }

        return fields;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> data)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var octet = data[0];
            data = data[1..];
            value |= (ulong)(octet & 0x7F) << shift;
            if (octet < 0x80)
                return value;
        }
    }

    private static void CheckSum(ReadOnlySpan<byte> data, ReadOnlySpan<byte> stored)
    {
        var sum = 0xFFFFFFFFu; // bit by bit with the reversed polynomial
        foreach (var octet in data)
        {
            sum ^= octet;
            for (var bit = 0; bit < 8; bit++)
                sum = (sum >> 1) ^ ((sum & 1) * 0x82F63B78u);
        }

        sum = ~sum;
        if (BinaryPrimitives.ReadUInt32LittleEndian(stored) != unchecked(((sum >> 15) | (sum << 17)) + 0xA282EAD8u))
            throw new FormatException("wrong checksum");
    }
}
