using System.Buffers.Binary;
using System.Text;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Hostile;

public sealed class SafetensorsFileHostileTests
{
    private const string Valid = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""";

    private static IEnumerable<TestCaseData> BrokenHeaders()
    {
        static TestCaseData Case(string name, SafetensorsRule rule, string header, int dataLength = 8) =>
            new TestCaseData(header, dataLength, rule).SetName($"Open_{name}_Throws{rule}");

        static string Tensor(string dtype = "\"F32\"", string shape = "[2]", string offsets = "[0,8]") =>
            $$$"""{"a":{"dtype":{{{dtype}}},"shape":{{{shape}}},"data_offsets":{{{offsets}}}}}""";

        yield return Case("EmptyHeader", SafetensorsRule.HeaderText, "");
        yield return Case("LeadingSpace", SafetensorsRule.HeaderText, " " + Valid);
        yield return Case("Array", SafetensorsRule.HeaderText, "[]");
        yield return Case("Null", SafetensorsRule.HeaderText, "null");
        yield return Case("UnclosedObject", SafetensorsRule.HeaderJson, "{");
        yield return Case("UnclosedTensor", SafetensorsRule.HeaderJson, Valid[..^1]);
        yield return Case("TrailingComma", SafetensorsRule.HeaderJson, """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},}""");
        yield return Case("Comment", SafetensorsRule.HeaderJson, "{/**/}");
        yield return Case("TextAfterObject", SafetensorsRule.HeaderJson, Valid + "x");
        yield return Case("SecondObject", SafetensorsRule.HeaderJson, Valid + "{}");
        yield return Case("ZeroPadding", SafetensorsRule.HeaderJson, Valid + "\0\0");
        yield return Case("NestedShape", SafetensorsRule.HeaderJson, Tensor(shape: "[[2]]"));
        yield return Case("DeepArrays", SafetensorsRule.HeaderJson, "{\"a\":{\"shape\":" + new string('[', 100_000));
        yield return Case("DeepObjects", SafetensorsRule.HeaderStructure, string.Concat(Enumerable.Repeat("{\"dtype\":", 10_000)), 0);
        yield return Case("NotANumber", SafetensorsRule.HeaderJson, Tensor(shape: "[NaN]"));
        yield return Case("HalfSurrogateInName", SafetensorsRule.HeaderText, """{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""");
        yield return Case("HalfSurrogateInDType", SafetensorsRule.HeaderText, Tensor(dtype: "\"\\ud800\""));
        yield return Case("TensorNotAnObject", SafetensorsRule.HeaderStructure, """{"a":1}""", 0);
        yield return Case("TensorIsArray", SafetensorsRule.HeaderStructure, """{"a":[0,8]}""");
        yield return Case("DTypeNotAString", SafetensorsRule.HeaderStructure, Tensor(dtype: "32"));
        yield return Case("DTypeNull", SafetensorsRule.HeaderStructure, Tensor(dtype: "null"));
        yield return Case("ShapeNotAnArray", SafetensorsRule.HeaderStructure, Tensor(shape: "2"));
        yield return Case("OffsetsNotAnArray", SafetensorsRule.HeaderStructure, Tensor(offsets: "{}"));
        yield return Case("NoDType", SafetensorsRule.HeaderStructure, """{"a":{"shape":[2],"data_offsets":[0,8]}}""");
        yield return Case("NoShape", SafetensorsRule.HeaderStructure, """{"a":{"dtype":"F32","data_offsets":[0,8]}}""");
        yield return Case("NoOffsets", SafetensorsRule.HeaderStructure, """{"a":{"dtype":"F32","shape":[2]}}""");
        yield return Case("UnknownField", SafetensorsRule.HeaderStructure, """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":0}}""");
        yield return Case("TensorTwice", SafetensorsRule.DuplicateKey, "{" + Valid[1..^1] + "," + Valid[1..]);
        yield return Case("TensorTwiceByEscape", SafetensorsRule.DuplicateKey, "{" + Valid[1..^1] + ",\"\\u0061\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}");
        yield return Case("FieldTwice", SafetensorsRule.DuplicateKey, """{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}""");
        yield return Case("MetadataTwice", SafetensorsRule.DuplicateKey, """{"__metadata__":{},"__metadata__":{}}""", 0);
        yield return Case("MetadataKeyTwice", SafetensorsRule.DuplicateKey, """{"__metadata__":{"k":"1","k":"2"}}""", 0);
        yield return Case("MetadataNotAnObject", SafetensorsRule.Metadata, """{"__metadata__":"pt"}""", 0);
        yield return Case("MetadataNumber", SafetensorsRule.Metadata, """{"__metadata__":{"k":1}}""", 0);
        yield return Case("MetadataObject", SafetensorsRule.Metadata, """{"__metadata__":{"k":{}}}""", 0);
        yield return Case("UnknownDType", SafetensorsRule.UnknownDType, Tensor(dtype: "\"F33\""));
        yield return Case("LowerCaseDType", SafetensorsRule.UnknownDType, Tensor(dtype: "\"f32\""));
        yield return Case("Float8", SafetensorsRule.UnsupportedDType, Tensor(dtype: "\"F8_E4M3\"", shape: "[8]"));
        yield return Case("UInt16", SafetensorsRule.UnsupportedDType, Tensor(dtype: "\"U16\"", shape: "[4]"));
        yield return Case("NegativeSize", SafetensorsRule.Shape, Tensor(shape: "[-2]"));
        yield return Case("FractionalSize", SafetensorsRule.Shape, Tensor(shape: "[2.0]"));
        yield return Case("SizeIsString", SafetensorsRule.Shape, Tensor(shape: "[\"2\"]"));
        yield return Case("SizeAbove64Bits", SafetensorsRule.Shape, Tensor(shape: "[18446744073709551618]"));
        yield return Case("ProductWrapsToEight", SafetensorsRule.Shape, Tensor(shape: "[4611686018427387904,4,2]"));
        yield return Case("HugeEmpty", SafetensorsRule.Shape, Tensor(shape: "[0,4611686018427387904,4]", offsets: "[0,0]"), 0);
        yield return Case("SixtyFiveSizes", SafetensorsRule.Shape, Tensor(shape: "[" + string.Join(",", Enumerable.Repeat("1", 65)) + "]", offsets: "[0,4]"), 4);
        yield return Case("MillionSizes", SafetensorsRule.Shape, Tensor(shape: "[" + string.Join(",", Enumerable.Repeat("1", 1_000_000)) + "]"));
        yield return Case("NegativeOffset", SafetensorsRule.Offsets, Tensor(offsets: "[-8,0]"));
        yield return Case("OffsetAbove63Bits", SafetensorsRule.Offsets, Tensor(offsets: "[0,9223372036854775808]"));
        yield return Case("OffsetAtLimit", SafetensorsRule.Offsets, Tensor(offsets: "[9223372036854775799,9223372036854775807]"));
        yield return Case("BeginAboveEnd", SafetensorsRule.Offsets, Tensor(offsets: "[8,0]"));
        yield return Case("OneOffset", SafetensorsRule.Offsets, Tensor(offsets: "[8]"));
        yield return Case("ThreeOffsets", SafetensorsRule.Offsets, Tensor(offsets: "[0,8,8]"));
        yield return Case("TooFewBytesForShape", SafetensorsRule.ByteLength, Tensor(shape: "[3]"));
        yield return Case("TooManyBytesForShape", SafetensorsRule.ByteLength, Tensor(shape: "[1]"));
        yield return Case("DTypeTooNarrow", SafetensorsRule.ByteLength, Tensor(dtype: "\"BF16\""));
        yield return Case("SameBytes", SafetensorsRule.Overlap, "{" + Valid[1..^1] + ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}");
        yield return Case("SharedBytes", SafetensorsRule.Overlap, "{" + Valid[1..^1] + ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12);
        yield return Case("EmptyInsideAnother", SafetensorsRule.Overlap, "{" + Valid[1..^1] + ",\"b\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]}}");
        yield return Case("HoleBefore", SafetensorsRule.Hole, Tensor(offsets: "[4,12]"), 12);
        yield return Case("HoleBetween", SafetensorsRule.Hole, "{" + Valid[1..^1] + ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}", 16);
        yield return Case("DataMissing", SafetensorsRule.FileTruncated, Valid, 7);
        yield return Case("NoData", SafetensorsRule.FileTruncated, Valid, 0);
        yield return Case("TerabyteClaimed", SafetensorsRule.FileTruncated, Tensor(dtype: "\"U8\"", shape: "[1099511627776]", offsets: "[0,1099511627776]"));
        yield return Case("TrailingByte", SafetensorsRule.TrailingBytes, Valid, 9);
        yield return Case("DataWithoutTensors", SafetensorsRule.TrailingBytes, "{}", 1);
    }

    [TestCaseSource(nameof(BrokenHeaders))]
    public void Open_BrokenHeader_ThrowsWithRule(string header, int dataLength, SafetensorsRule rule)
    {
        using var folder = new ScratchFolder();
        var path = folder.WriteSafetensors(header, dataLength);

        var exception = Assert.Throws<SafetensorsFormatException>(() => SafetensorsFile.Open(path).Dispose())!;

        Assert.That(exception.Rule, Is.EqualTo(rule), exception.Message);
        Assert.That(exception.Path, Is.EqualTo(path));
        Assert.That(exception.Message, Does.Contain(path).And.Contain(exception.Expected).And.Contain(exception.Actual));
        Assert.That(exception.Message, Has.Length.LessThan(1500));
        File.Delete(path);   // fails on Windows if the handle was left open
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(7)]
    public void Open_ShorterThanPrefix_ThrowsFileTooShort(int length)
    {
        using var folder = new ScratchFolder();
        var path = folder.WriteBytes(new byte[length]);

        Assert.That(Fault(path).Rule, Is.EqualTo(SafetensorsRule.FileTooShort));
    }

    [TestCase(1L)]
    [TestCase(100_000_001L)]
    [TestCase(long.MaxValue)]
    [TestCase(long.MinValue)]
    [TestCase(-1L)]
    [TestCase(-8L)]
    public void Open_HeaderLengthBeyondFile_ThrowsHeaderLength(long headerLength)
    {
        using var folder = new ScratchFolder();
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, headerLength);

        Assert.That(Fault(folder.WriteBytes(bytes)).Rule, Is.EqualTo(SafetensorsRule.HeaderLength));
    }

    [Test]
    public void Open_HeaderAboveLimitInsideFile_ThrowsHeaderLength()
    {
        using var folder = new ScratchFolder();
        var path = folder["big.safetensors"];
        using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
        {
            var prefix = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(prefix, 100_000_001);
            RandomAccess.Write(file, prefix, 0);
            RandomAccess.SetLength(file, 200_000_000);
        }

        Assert.That(Fault(path).Rule, Is.EqualTo(SafetensorsRule.HeaderLength));
    }

    [Test]
    public void Open_InvalidUtf8_ThrowsHeaderText()
    {
        using var folder = new ScratchFolder();
        var header = Encoding.Latin1.GetBytes(Valid.Replace("\"a\"", "\"\u00E9\"", StringComparison.Ordinal));

        Assert.That(Fault(folder.WriteSafetensors(header, new byte[8])).Rule, Is.EqualTo(SafetensorsRule.HeaderText));
    }

    [Test]
    public void Open_HostileName_MessageIsShortAndPrintable()
    {
        using var folder = new ScratchFolder();
        var name = "\\u001b[31m\\n" + new string('x', 100_000);
        var path = folder.WriteSafetensors(Valid.Replace("\"a\"", $"\"{name}\"", StringComparison.Ordinal), dataLength: 4);

        var exception = Fault(path);

        Assert.That(exception.TensorName, Has.Length.GreaterThan(100_000));
        Assert.That(exception.Message, Has.Length.LessThan(1000));
        Assert.That(exception.Message.Any(char.IsControl), Is.False);
    }

    [Test]
    public void Open_Missing_ThrowsFileNotFound()
    {
        using var folder = new ScratchFolder();

        var exception = Assert.Throws<FileNotFoundException>(() => SafetensorsFile.Open(folder["none.safetensors"]))!;

        Assert.That(exception.Message, Does.Contain("none.safetensors"));
    }

    [Test]
    public void Read_FileTruncatedAfterOpen_ThrowsFileTruncated()
    {
        using var folder = new ScratchFolder();
        // Three bytes of BOOL move the float off its alignment: it is read, not mapped.
        var path = folder.WriteSafetensors(
            """{"a":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"F32","shape":[2],"data_offsets":[3,11]}}   """, dataLength: 11);
        using var file = SafetensorsFile.Open(path);
        var entry = file.Entries[1];
        Assert.That(entry.OffsetInBytes % 4, Is.Not.Zero);
        if (OperatingSystem.IsWindows())
            Assert.Ignore("Windows refuses to truncate an open file.");

        var live = LiveTensors.Count;
        // A raw truncation: .NET's own would respect the reader's lock.
        using (var truncate = System.Diagnostics.Process.Start("truncate", ["-s", "-2", path]))
            truncate.WaitForExit();

        var exception = Assert.Throws<SafetensorsFormatException>(() => file.Read("b").Dispose())!;

        Assert.That(exception.Rule, Is.EqualTo(SafetensorsRule.FileTruncated));
        Assert.That(LiveTensors.Count, Is.EqualTo(live));
    }

    private static SafetensorsFormatException Fault(string path) =>
        Assert.Throws<SafetensorsFormatException>(() => SafetensorsFile.Open(path).Dispose())!;
}
