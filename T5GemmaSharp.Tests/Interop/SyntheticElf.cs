using System.Buffers.Binary;
using System.Text;

namespace T5GemmaSharp.Tests.Interop;

/// <summary>The smallest ELF file with a version need section: header, string table, needs, section headers.</summary>
internal static class SyntheticElf
{
    private const int StringsOffset = 64;
    private const int RecordSize = 16;
    private const int SectionHeaderSize = 64;
    private const uint StringSection = 3;
    private const uint VersionNeedSection = 0x6FFFFFFE;

    /// <summary>Offset of the version need section in what <see cref="Create"/> returns.</summary>
    public static int NeedsOffset(byte[] image) => (int)BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(SectionTable(image) + 2 * SectionHeaderSize + 24));

    /// <summary>Offset of the section header table.</summary>
    public static int SectionTable(byte[] image) => (int)BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(0x28));

    /// <summary>Offset of the flags of the entry with the given position among all entries, when each file needs two versions.</summary>
    public static int FlagsOffset(byte[] image, int entry) => NeedsOffset(image) + entry / 2 * 3 * RecordSize + (1 + entry % 2) * RecordSize + 4;

    /// <summary>A file that needs two versions of each of two libraries.</summary>
    public static byte[] Create(string first, string second, string third, string fourth, bool withNeeds = true)
    {
        var strings = new MemoryStream();
        strings.WriteByte(0);
        var names = new[] { "libm.so.6", "libstdc++.so.6", first, second, third, fourth }.Select(name => Add(strings, name)).ToArray();
        var needsOffset = StringsOffset + (int)strings.Length;
        var needs = Needs(names);
        var image = new byte[needsOffset + needs.Length + 3 * SectionHeaderSize];
        "\u007FELF\u0002\u0001\u0001"u8.CopyTo(image);
        strings.ToArray().CopyTo(image, StringsOffset);
        needs.CopyTo(image, needsOffset);

        var table = needsOffset + needs.Length;
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(0x28), (ulong)table);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(0x3A), SectionHeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(0x3C), 3);
        WriteSection(image.AsSpan(table + SectionHeaderSize), StringSection, StringsOffset, (int)strings.Length, link: 0);
        WriteSection(image.AsSpan(table + 2 * SectionHeaderSize), withNeeds ? VersionNeedSection : 1, needsOffset, needs.Length, link: 1);
        return image;
    }

    private static uint Add(MemoryStream strings, string name)
    {
        var offset = (uint)strings.Length;
        strings.Write(Encoding.ASCII.GetBytes(name + "\0"));
        return offset;
    }

    private static byte[] Needs(uint[] names)
    {
        var needs = new byte[6 * RecordSize];
        for (var file = 0; file < 2; file++)
        {
            var record = needs.AsSpan(file * 3 * RecordSize);
            BinaryPrimitives.WriteUInt16LittleEndian(record, 1);
            BinaryPrimitives.WriteUInt16LittleEndian(record[2..], 2);
            BinaryPrimitives.WriteUInt32LittleEndian(record[4..], names[file]);
            BinaryPrimitives.WriteUInt32LittleEndian(record[8..], RecordSize);
            BinaryPrimitives.WriteUInt32LittleEndian(record[12..], file == 0 ? 3u * RecordSize : 0);
            for (var entry = 0; entry < 2; entry++)
            {
                var auxiliary = record[((1 + entry) * RecordSize)..];
                BinaryPrimitives.WriteUInt32LittleEndian(auxiliary[8..], names[2 + 2 * file + entry]);
                BinaryPrimitives.WriteUInt32LittleEndian(auxiliary[12..], entry == 0 ? RecordSize : 0u);
            }
        }
        return needs;
    }

    private static void WriteSection(Span<byte> header, uint type, int offset, int size, uint link)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], type);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], (ulong)offset);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], (ulong)size);
        BinaryPrimitives.WriteUInt32LittleEndian(header[40..], link);
    }
}
