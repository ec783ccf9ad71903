using System.Buffers.Binary;
using NUnit.Framework;
using Parquet;
using Parquet.Serialization;
using T5GemmaSharp.Tokenization.Chat;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Tests.Training.Data.Files.Reading;

public sealed class ParquetRowsTests
{
    private readonly DataFolder _folder = new();

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public async Task Read_EveryKindOfColumn_GivesRows()
    {
        var file = await Write("rows.parquet", Row(0), Row(1));
        Assert.Multiple(() =>
        {
            Assert.That(Read(RowFormats.Texts).Select(row => row.Text), Is.EqualTo(new[] { "text é 0", "text é 1" }));
            Assert.That(Read(RowFormats.Pairs)[1], Is.EqualTo(new PairRow("Haus", "house 1")));
            Assert.That(Read(RowFormats.Chats)[1].Turns, Is.EqualTo(new[] { new ChatTurn("user", "hi"), new ChatTurn("assistant", "ho 1") }));
            Assert.That(Read(RowFormats.LabelledTexts)[1].Label, Is.EqualTo(RowLabel.Of(1)));
            Assert.That(Read(RowFormats.LabelledTexts, "label=score")[1].Label, Is.EqualTo(RowLabel.Of(1f)));
            Assert.That(Read(RowFormats.LabelledTexts, "label=half")[1].Label, Is.EqualTo(RowLabel.Of(1.5f)));
            Assert.That(Read(RowFormats.LabelledTexts, "label=ner_tags")[1].Label.Classes, Is.EqualTo(new[] { RowLabel.Of(1), RowLabel.Of(2) }));
            Assert.That(Read(RowFormats.TaggedTokens)[1].Words, Is.EqualTo(new[] { "a", "b1" }));
            Assert.That(Read(RowFormats.TaggedTokens)[1].Labels, Is.EqualTo(new[] { RowLabel.Of(1), RowLabel.Of(2) }));
        });

        List<TRow> Read<TRow>(RowFormat<TRow> format, params string[] map)
            => [.. DataReader.Read([file], format, new DataFileOptions { Map = KeyMap.Parse(map) }).Select(row => row.Value)];
    }

    [Test]
    public async Task Read_SeveralRowGroups_CountsRowsThroughAll()
    {
        var file = await Write("groups.parquet", new ParquetOptions { RowGroupSize = 2 }, [.. Enumerable.Range(0, 5).Select(Row)]);
        var rows = DataReader.Read([file], RowFormats.Texts).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(rows.Select(row => row.Value.Text), Is.EqualTo(Enumerable.Range(0, 5).Select(index => $"text é {index}")));
            Assert.That(rows[^1].Place.ToString(), Is.EqualTo($"{file}: row 5"));
        });
    }

    [Test]
    public async Task Read_MissingValue_NamesTheRow()
    {
        var file = await Write("null.parquet", Row(0), Row(1) with { text = null });
        Assert.That(
            () => DataReader.Read([file], RowFormats.Texts).ToList(),
            Throws.TypeOf<DataFormatException>().With.Message.StartsWith($"{file}: row 2: expected the key text, got the keys ").And.Property(nameof(DataFormatException.Row)).EqualTo(2));
    }

    [Test]
    public async Task Read_Damaged_NamesTheFile()
    {
        var whole = await File.ReadAllBytesAsync(await Write("whole.parquet", Row(0)));
        byte[] overwritten = [.. whole];
        overwritten.AsSpan(4, 60).Fill(0xFF);
        byte[] footer = [.. whole];
        footer.AsSpan(whole.Length - 8 - BinaryPrimitives.ReadInt32LittleEndian(whole.AsSpan()[^8..]), 40).Fill(0xFF);
        Assert.Multiple(() =>
        {
            foreach (var (name, bytes) in new[] { ("cut", whole[..(whole.Length / 2)]), ("overwritten", overwritten), ("footer", footer), ("another form", "{\"text\":\"a\"}"u8.ToArray()), ("empty", []) })
            {
                var file = _folder.Write("damaged.parquet", bytes);
                Assert.That(() => DataReader.Read([file], RowFormats.Texts).ToList(), Throws.TypeOf<DataFormatException>().With.Message.StartsWith($"{file}: expected a Parquet file: "), name);
            }
        });
    }

    private static Columns Row(int index) => new()
    {
        text = $"text é {index}",
        label = index,
        score = index,
        half = index + 0.5f,
        tokens = ["a", $"b{index}"],
        ner_tags = [1, 2],
        translation = new Sides { de = "Haus", en = $"house {index}" },
        messages = [new Message { role = "user", content = "hi" }, new Message { role = "assistant", content = $"ho {index}" }],
        date = new DateTime(2026, 1, 2),
    };

    private Task<string> Write(string name, params Columns[] rows) => Write(name, new ParquetOptions(), rows);

    private async Task<string> Write(string name, ParquetOptions options, Columns[] rows)
    {
        var file = Path.Combine(_folder.Path, name);
        await using var stream = File.Create(file);
        await ParquetSerializer.SerializeAsync(rows, stream, options);
        return file;
    }

    // The serializer takes the columns' names from the properties'.
#pragma warning disable IDE1006
    private sealed record Columns
    {
        public string? text { get; set; }

        public int label { get; set; }

        public double score { get; set; }

        public float half { get; set; }

        public List<string>? tokens { get; set; }

        public List<long>? ner_tags { get; set; }

        public Sides? translation { get; set; }

        public List<Message>? messages { get; set; }

        public DateTime date { get; set; }
    }

    private sealed record Sides
    {
        public string? de { get; set; }

        public string? en { get; set; }
    }

    private sealed record Message
    {
        public string? role { get; set; }

        public string? content { get; set; }
    }
#pragma warning restore IDE1006
}
