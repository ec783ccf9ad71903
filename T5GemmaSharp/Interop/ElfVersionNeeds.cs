using System.Buffers.Binary;

namespace T5GemmaSharp.Interop;

/// <summary>Reads and edits the symbol versions that an ELF shared object needs (section type <c>SHT_GNU_verneed</c>).</summary>
/// <remarks>Every offset comes from the file and is checked before use: damaged bytes raise <see cref="ElfFormatException"/> and nothing else.</remarks>
internal static class ElfVersionNeeds
{
    private const uint VersionNeedSection = 0x6FFFFFFE;
    private const ushort WeakFlag = 2;
    private const int HeaderSize = 64;
    private const int SectionHeaderSize = 64;
    private const int RecordSize = 16;   // of both record kinds of the section

    /// <summary>Marks the need for <paramref name="version"/> as weak, so that the dynamic loader only warns when no library provides it.</summary>
    /// <param name="image">The whole file; only the 16-bit flags of matching records change.</param>
    /// <param name="version">Version name, for example <c>GLIBCXX_3.4.32</c>.</param>
    /// <returns>Whether the file needs that version at all. Without a version section the answer is false.</returns>
    /// <exception cref="ElfFormatException">The file is truncated, is not 64-bit little-endian ELF, or an offset in it is absurd.</exception>
    public static bool MarkWeak(Span<byte> image, ReadOnlySpan<byte> version)
    {
        CheckIdentification(image);
        var sectionTable = ReadUInt64(image, 0x28);
        var sectionCount = ReadUInt16(image, 0x3C);
        if (sectionTable == 0 || sectionCount == 0)
            return false;
        var entrySize = ReadUInt16(image, 0x3A);
        if (entrySize != SectionHeaderSize)
            throw new ElfFormatException($"ELF section header size: expected {SectionHeaderSize}, got {entrySize}.");

        var sections = Slice(image, sectionTable, (ulong)sectionCount * SectionHeaderSize, "section header table");
        var found = false;
        for (var index = 0; index < sectionCount; index++)
        {
            var header = sections.Slice(index * SectionHeaderSize, SectionHeaderSize);
            if (ReadUInt32(header, 4) != VersionNeedSection)
                continue;
            var strings = StringTable(image, sections, link: ReadUInt32(header, 40));
            var needs = Slice(image, ReadUInt64(header, 24), ReadUInt64(header, 32), "version need section");
            found |= MarkWeakInSection(needs, strings, version);
        }
        return found;
    }

    private static void CheckIdentification(ReadOnlySpan<byte> image)
    {
        if (image.Length < HeaderSize)
            throw new ElfFormatException($"ELF header: expected at least {HeaderSize} bytes, got {image.Length}.");
        if (!image.StartsWith("\u007FELF"u8))
            throw new ElfFormatException("ELF header: the file does not begin with the ELF signature.");
        if (image[4] != 2)
            throw new ElfFormatException($"ELF class: expected 2 (64-bit), got {image[4]}.");
        if (image[5] != 1)
            throw new ElfFormatException($"ELF data encoding: expected 1 (little endian), got {image[5]}.");
    }

    private static ReadOnlySpan<byte> StringTable(Span<byte> image, ReadOnlySpan<byte> sections, uint link)
    {
        var count = (uint)(sections.Length / SectionHeaderSize);
        if (link >= count)
            throw new ElfFormatException($"ELF version need section: its string table is section {link} of {count}.");
        var header = sections.Slice((int)link * SectionHeaderSize, SectionHeaderSize);
        return Slice(image, ReadUInt64(header, 24), ReadUInt64(header, 32), "version string table");
    }

    private static bool MarkWeakInSection(Span<byte> needs, ReadOnlySpan<byte> strings, ReadOnlySpan<byte> version)
    {
        var found = false;
        // Records may be chained so that they overlap; the section cannot hold more records than this, so the walk ends.
        var remaining = needs.Length / RecordSize;
        ulong need = 0;
        while (needs.Length > 0)
        {
            var record = Slice(needs, need, RecordSize, "version need record");
            var count = ReadUInt16(record, 2);
            var entry = need + ReadUInt32(record, 8);
            for (var index = 0; index < count; index++)
            {
                CountDown(ref remaining);
                var auxiliary = Slice(needs, entry, RecordSize, "version need entry");
                if (NameAt(strings, ReadUInt32(auxiliary, 8)).SequenceEqual(version))
                {
                    var flags = ReadUInt16(auxiliary, 4);
                    BinaryPrimitives.WriteUInt16LittleEndian(auxiliary[4..], (ushort)(flags | WeakFlag));
                    found = true;
                }
                entry += ReadUInt32(auxiliary, 12);
            }
            var next = ReadUInt32(record, 12);
            if (next == 0)
                break;
            CountDown(ref remaining);
            need += next;
        }
        return found;
    }

    private static void CountDown(ref int remaining)
    {
        if (--remaining < 0)
            throw new ElfFormatException("ELF version need section: more records than the section has room for.");
    }

    private static ReadOnlySpan<byte> NameAt(ReadOnlySpan<byte> strings, uint offset)
    {
        if (offset >= (uint)strings.Length)
            throw new ElfFormatException($"ELF version string table: offset {offset} is outside its {strings.Length} bytes.");
        var name = strings[(int)offset..];
        var length = name.IndexOf((byte)0);
        if (length < 0)
            throw new ElfFormatException($"ELF version string table: the name at offset {offset} has no end.");
        return name[..length];
    }

    private static Span<byte> Slice(Span<byte> bytes, ulong offset, ulong length, string what)
    {
        var available = (ulong)bytes.Length;
        if (offset > available || length > available - offset)
            throw new ElfFormatException($"ELF {what}: bytes {offset} to {offset} + {length} lie outside {available} bytes.");
        return bytes.Slice((int)offset, (int)length);
    }

    private static ushort ReadUInt16(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);

    private static uint ReadUInt32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private static ulong ReadUInt64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
}
