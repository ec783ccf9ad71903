using NUnit.Framework;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Tests.Training.Data.Files;

public sealed class DataReaderTests
{
    private readonly DataFolder _folder = new();

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("{\"text\":\"a\"}\n{\"text\":\"é\"}\n", 1, 2)]
    [TestCase("{\"text\":\"a\"}\n{\"text\":\"é\"}", 1, 2)]
    [TestCase("\uFEFF{\"text\":\"a\"}\r\n{\"text\":\"é\"}\r\n", 1, 2)]
    [TestCase("\n \t\n{\"text\":\"a\"}\n\r\n\n  {\"text\":\"é\"} \n\n", 3, 6)]
    public void Read_JsonLines_GivesRowsAndTheirLines(string text, int firstLine, int secondLine)
    {
        var file = _folder.Write("rows.jsonl", text);
        Assert.That(Texts(file), Is.EqualTo(new[]
        {
            new DataRow<TextRow>(new RowPlace(file, firstLine), new TextRow("a")),
            new DataRow<TextRow>(new RowPlace(file, secondLine), new TextRow("é")),
        }));
    }

    [TestCase("one\ntwo\n\nthree\n", 4)]
    [TestCase("\uFEFFone\r\ntwo\r\n\r\n  \t\r\nthree", 5)]
    [TestCase("one\ntwo\n\n\n\nthree\n\n\n", 6)]
    public void Read_PlainText_GivesDocumentsAndTheirFirstLines(string text, int secondLine)
    {
        var file = _folder.Write("text.txt", text);
        Assert.That(Texts(file), Is.EqualTo(new[]
        {
            new DataRow<TextRow>(new RowPlace(file, 1), new TextRow("one\ntwo")),
            new DataRow<TextRow>(new RowPlace(file, secondLine), new TextRow("three")),
        }));
    }

    [TestCase("rows.jsonl.gz")]
    [TestCase("rows.JSONL")]
    [TestCase("rows.ndjson")]
    public void Read_Compressed_IsToldByContent(string name)
        => Assert.That(Texts(_folder.Write(name, DataFolder.Compress("{\"text\":\"a\"}\n"))).Single().Value.Text, Is.EqualTo("a"));

    [Test]
    public void Read_NamedCompressedButIsNot_IsReadAsItIs()
        => Assert.That(Texts(_folder.Write("plain.txt.gz", "a")).Single().Value.Text, Is.EqualTo("a"));

    [Test]
    public void Read_CompressedInTwoParts_GivesBoth()
        => Assert.That(
            Texts(_folder.Write("parts.txt.gz", [.. DataFolder.Compress("a\n\n"), .. DataFolder.Compress("b\n")])).Select(row => row.Value.Text),
            Is.EqualTo(new[] { "a", "b" }));

    [Test]
    public void Read_SeveralFiles_GivesOneAfterTheOther()
    {
        var files = new[] { _folder.Write("2.jsonl", "{\"text\":\"a\"}"), _folder.Write("1.txt", "b"), _folder.Write("3.txt.gz", DataFolder.Compress("c")) };
        Assert.That(Texts(files).Select(row => (row.Place.ToString(), row.Value.Text)), Is.EqualTo(new[]
        {
            ($"{files[0]}: line 1", "a"), ($"{files[1]}: line 1", "b"), ($"{files[2]}: line 1", "c"),
        }));
    }

    // The first in a key, the second behind two bytes that are one character.
    [TestCase(new byte[] { (byte)'{', (byte)'"', 0xFF, (byte)'"' }, "FF", 2)]
    [TestCase(new byte[] { (byte)'{', (byte)'"', 0xC3, 0xA9, 0xE9, (byte)'"' }, "E9", 4)]
    public void Read_JsonNotUtf8_NamesLineAndByte(byte[] line, string bytes, int position)
    {
        var file = _folder.Write("bad.jsonl", [.. "{\"text\":\"a\"}\n"u8, .. line]);
        Assert.That(() => Texts(file), Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"{file}: line 2: expected UTF-8, got the bytes {bytes} at {position}"));
    }

    [Test]
    public void Read_TextNotUtf8_NamesLineAndByte()
    {
        var file = _folder.Write("bad.txt", [.. "a\nbc"u8, 0xED, 0xA0, 0x80, .. "\n"u8]);
        Assert.That(() => Texts(file), Throws.TypeOf<DataFormatException>().With.Message.StartsWith($"{file}: line 2: expected UTF-8, got the bytes ED").And.Message.EndsWith(" at 2"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Read_HugeLine_IsNamedAndNotHeld(bool isCompressed)
    {
        var text = $"{{\"text\":\"a\"}}\n{{\"text\":\"{new string('b', 100_000_000)}\"}}\n";
        var file = isCompressed ? _folder.Write("huge.jsonl.gz", DataFolder.Compress(text)) : _folder.Write("huge.jsonl", text);
        var options = new DataFileOptions { MaximumLineLength = 1 << 20 };
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(
            () => DataReader.Read([file], RowFormats.Texts, options).ToList(),
            Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"{file}: line 2: expected at most 1048576 bytes, it is longer"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(10_000_000));
        File.Delete(file);
    }

    [Test]
    public void Read_LineOfTheLimit_IsRead()
    {
        var file = _folder.Write("limit.jsonl", "{\"text\":\"a\"}\n");
        Assert.Multiple(() =>
        {
            Assert.That(DataReader.Read([file], RowFormats.Texts, new DataFileOptions { MaximumLineLength = 12 }).Count(), Is.EqualTo(1));
            Assert.That(() => DataReader.Read([file], RowFormats.Texts, new DataFileOptions { MaximumLineLength = 11 }).Count(), Throws.TypeOf<DataFormatException>().With.Message.Contains("line 1: expected at most 11 bytes"));
        });
    }

    [Test]
    public void Read_DocumentWithoutEnd_IsNamed()
    {
        var file = _folder.Write("endless.txt", "a\n\n" + string.Concat(Enumerable.Repeat("abc\n", 10)));
        Assert.That(
            () => DataReader.Read([file], RowFormats.Texts, new DataFileOptions { MaximumLineLength = 20 }).ToList(),
            Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"{file}: line 3: expected a document of at most 20 characters, it is longer; part documents with blank lines"));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Read_DamagedGzip_GivesTheRowsBeforeAndNamesTheFile(bool isCut)
    {
        var random = new Random(0);
        var bytes = DataFolder.Compress(string.Concat(Enumerable.Range(0, 50_000).Select(_ => $"{{\"text\":\"{random.NextInt64()}\"}}\n")));
        if (isCut)
            bytes = bytes[..(bytes.Length / 2)];
        else
            bytes.AsSpan(bytes.Length / 2, 64).Clear();
        var file = _folder.Write("damaged.jsonl.gz", bytes);
        var rows = 0;
        Assert.That(
            () =>
            {
                foreach (var row in DataReader.Read([file], RowFormats.Texts))
                    rows++;
            },
            Throws.TypeOf<DataFormatException>().With.Message.StartsWith($"{file}: "));
        Assert.That(rows, Is.InRange(10_000, 40_000));
    }

    [TestCase("rows.csv")]
    [TestCase("rows")]
    [TestCase("rows.gz")]
    [TestCase("rows.parquet.gz")]
    public void Read_UnknownName_SaysWhichAreKnown(string name)
        => Assert.That(
            () => Texts(_folder.Write(name, "a")),
            Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"{Path.Combine(_folder.Path, name)}: expected a name that ends in .jsonl, .ndjson, .json, .txt, each also with .gz, or in .parquet"));

    [Test]
    public void Read_PlainTextForATaskOfPairs_SaysSo()
        => Assert.That(
            () => DataReader.Read([_folder.Write("text.txt", "a")], RowFormats.Pairs).ToList(),
            Throws.TypeOf<DataFormatException>().With.Message.EndsWith("line 1: expected rows with input and target, got plain text; write a JSON object a line"));

    [Test]
    public void Read_NoSuchFile_Throws()
        => Assert.That(() => Texts(Path.Combine(_folder.Path, "none.jsonl")), Throws.TypeOf<FileNotFoundException>());

    [Test]
    public void Read_NoFile_Throws()
        => Assert.That(() => Texts(), Throws.ArgumentException.With.Message.StartsWith("files: expected at least one, got none"));

    [Test]
    public void Read_OptionsOutOfRange_NamesAll()
        => Assert.That(
            () => DataReader.Read(["a.txt"], RowFormats.Texts, new DataFileOptions { MaxSourceLength = 0, Threads = -1 }),
            Throws.ArgumentException.With.Message.EqualTo("MaxSourceLength: expected at least 1, got 0; Threads: expected at least 1, got -1"));

    private static List<DataRow<TextRow>> Texts(params string[] files) => [.. DataReader.Read(files, RowFormats.Texts)];
}
