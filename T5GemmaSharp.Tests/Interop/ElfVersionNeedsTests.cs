using System.Buffers.Binary;
using CsCheck;
using NUnit.Framework;
using T5GemmaSharp.Interop;

namespace T5GemmaSharp.Tests.Interop;

public sealed class ElfVersionNeedsTests
{
    private static byte[] Image() => SyntheticElf.Create("GLIBC_2.29", "GLIBC_2.34", "GLIBCXX_3.4.3", "GLIBCXX_3.4.32");

    [TestCase("GLIBC_2.29", 0)]
    [TestCase("GLIBC_2.34", 1)]
    [TestCase("GLIBCXX_3.4.3", 2)]
    [TestCase("GLIBCXX_3.4.32", 3)]
    public void MarkWeak_NeededVersion_SetsOneFlagAndNothingElse(string version, int entry)
    {
        var image = Image();
        var expected = Image();
        expected[SyntheticElf.FlagsOffset(expected, entry)] = 2;

        var found = ElfVersionNeeds.MarkWeak(image, System.Text.Encoding.ASCII.GetBytes(version));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(found, Is.True);
            Assert.That(image, Is.EqualTo(expected));
        }
    }

    [Test]
    public void MarkWeak_OtherFlagsSet_KeepsThem()
    {
        var image = Image();
        var flags = SyntheticElf.FlagsOffset(image, entry: 3);
        image[flags] = 1;
        ElfVersionNeeds.MarkWeak(image, "GLIBCXX_3.4.32"u8);
        Assert.That(image[flags], Is.EqualTo(3));
    }

    [TestCase("GLIBCXX_3.4.33")]
    [TestCase("GLIBCXX_3.4")]
    [TestCase("libstdc++.so.6")]
    [TestCase("")]
    public void MarkWeak_VersionNotNeeded_LeavesTheFile(string version)
    {
        var image = Image();
        Assert.That(ElfVersionNeeds.MarkWeak(image, System.Text.Encoding.ASCII.GetBytes(version)), Is.False);
        Assert.That(image, Is.EqualTo(Image()));
    }

    [Test]
    public void MarkWeak_NoVersionSection_IsFalse()
    {
        var image = SyntheticElf.Create("A", "B", "C", "GLIBCXX_3.4.32", withNeeds: false);
        Assert.That(ElfVersionNeeds.MarkWeak(image, "GLIBCXX_3.4.32"u8), Is.False);
    }

    [Test]
    public void MarkWeak_NoSections_IsFalse()
    {
        var image = Image();
        image.AsSpan(0x28, 8).Clear();
        Assert.That(ElfVersionNeeds.MarkWeak(image, "GLIBCXX_3.4.32"u8), Is.False);
    }

    [Test]
    public void MarkWeak_TruncatedAtAnyLength_RaisesTheNamedException()
    {
        var whole = Image();
        for (var length = 0; length < whole.Length; length++)
        {
            var image = whole[..length];
            Assert.Throws<ElfFormatException>(() => ElfVersionNeeds.MarkWeak(image, "GLIBCXX_3.4.32"u8), $"{length} bytes");
        }
    }

    [TestCase(0, 0x7E, "signature")]
    [TestCase(4, 1, "64-bit")]
    [TestCase(5, 2, "little endian")]
    [TestCase(0x3A, 40, "section header size")]
    public void MarkWeak_WrongHeader_SaysWhatIsWrong(int offset, byte value, string word)
    {
        var image = Image();
        image[offset] = value;
        Assert.That(() => ElfVersionNeeds.MarkWeak(image, "GLIBCXX_3.4.32"u8), Throws.TypeOf<ElfFormatException>().With.Message.Contains(word));
    }

    [Test]
    public void MarkWeak_AbsurdOffsets_RaisesTheNamedException()
    {
        var table = SyntheticElf.SectionTable(Image());
        var needs = SyntheticElf.NeedsOffset(Image());
        (int Offset, int Size)[] fields =
        [
            (0x28, 8), (0x3C, 2),                                        // section table, count
            (table + 128 + 24, 8), (table + 128 + 32, 8), (table + 128 + 40, 4),   // needs: offset, size, link
            (table + 64 + 24, 8), (table + 64 + 32, 8),                  // strings: offset, size
            (needs + 2, 2), (needs + 8, 4), (needs + 12, 4), (needs + 16 + 8, 4), (needs + 16 + 12, 4),
        ];
        foreach (var (offset, size) in fields)
        {
            var image = Image();
            image.AsSpan(offset, size).Fill(0xFF);
            Assert.Throws<ElfFormatException>(() => ElfVersionNeeds.MarkWeak(image, "GLIBCXX_3.4.33"u8), $"field at {offset}");
        }
    }

    [Test]
    public void MarkWeak_ChainThatNeverEnds_RaisesTheNamedException()
    {
        var image = Image();
        var needs = SyntheticElf.NeedsOffset(image);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(needs + 2), ushort.MaxValue);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(needs + 16 + 12), 0);
        Assert.That(() => ElfVersionNeeds.MarkWeak(image, "GLIBCXX_3.4.32"u8), Throws.TypeOf<ElfFormatException>().With.Message.Contains("more records"));
    }

    [Test]
    public void MarkWeak_AnyDamage_RaisesNothingElse()
        => Gen.Select(Gen.Int[0, Image().Length - 1], Gen.Byte, Gen.Int[0, Image().Length - 1], Gen.Byte).Sample((first, value, second, other) =>
        {
            var image = Image();
            image[first] = value;
            image[second] = other;
            try
            {
                ElfVersionNeeds.MarkWeak(image, "GLIBCXX_3.4.32"u8);
            }
            catch (ElfFormatException)
            {
                // the only exception that is allowed
            }
            return true;
        }, iter: 20_000);
}
