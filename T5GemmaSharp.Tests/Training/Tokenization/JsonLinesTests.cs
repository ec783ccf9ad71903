using System.Text;
using NUnit.Framework;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Tests.Training.Tokenization;

public sealed class JsonLinesTests
{
    private static readonly EncodingChoices Plain = new(AddBos: false, AddEos: false, ParseSpecial: true);

    [Test]
    public void Convert_Strings_GivesIds()
        => Assert.That(Convert("\uFEFF\"d\"\r\n\"\"\n\"a<eos>\"", Plain), Is.EqualTo($"[{TinyTokenizer.Id("d")}]\n[]\n[{TinyTokenizer.Id("a")},{TinyTokenizer.Id("<eos>")}]\n"));

    [Test]
    public void Convert_WithBosAndEosUntrusted_GivesIds()
        => Assert.That(Convert("\"<\"", new EncodingChoices(AddBos: true, AddEos: true, ParseSpecial: false)), Is.EqualTo($"[2,{TinyTokenizer.Id("<")},1]\n"));

    [Test]
    public void Convert_WithOffsets_GivesIdsAndPlaces()
    {
        var converter = new OffsetsLineConverter(TinyTokenizer.Create(), new EncodingChoices(AddBos: true, AddEos: false, ParseSpecial: true));
        Assert.That(Convert("\"abc\"\n", converter), Is.EqualTo($$"""{"ids":[2,{{TinyTokenizer.Id("a")}},{{TinyTokenizer.Id("bc")}}],"offsets":[[0,0],[0,1],[1,3]]}""" + "\n"));
    }

    [Test]
    public void Convert_Ids_GivesStrings()
    {
        var line = $"[2,{TinyTokenizer.Id("\n")},{TinyTokenizer.Id("▁")},{TinyTokenizer.Id("é")},{TinyTokenizer.Id("<0x22>")},999999]\n";
        Assert.Multiple(() =>
        {
            Assert.That(Convert(line, new DecodingLineConverter(TinyTokenizer.Create(), skipSpecialTokens: false)), Is.EqualTo("\"<bos>\\n é\\\"\"\n"));
            Assert.That(Convert(line, new DecodingLineConverter(TinyTokenizer.Create(), skipSpecialTokens: true)), Is.EqualTo("\"\\n é\\\"\"\n"));
        });
    }

    [Test]
    public void Convert_BadLine_AnswersThoseBeforeAndNamesIt()
    {
        using var input = new MemoryStream("\"d\"\n\n\"d\"\n"u8.ToArray());
        using var output = new MemoryStream();
        Assert.That(
            () => JsonLines.Convert(input, "FILE", Open(output), new EncodingLineConverter(TinyTokenizer.Create(), Plain)),
            Throws.TypeOf<FormatException>().With.Message.EqualTo("FILE: line 2: expected a JSON string, got an empty line"));
        Assert.That(Encoding.UTF8.GetString(output.ToArray()), Is.EqualTo($"[{TinyTokenizer.Id("d")}]\n"));
    }

    [Test]
    public void Convert_NobodyReads_StopsReading()
    {
        using var input = new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("\"d\"\n", 100_000))));
        using var output = new MemoryStream();
        JsonLines.Convert(input, "FILE", new LineOutput(output, isClosed: () => true), new EncodingLineConverter(TinyTokenizer.Create(), Plain));
        Assert.Multiple(() =>
        {
            Assert.That(output.Length, Is.Zero);
            Assert.That(input.Position, Is.LessThan(input.Length));
        });
    }

    private static string Convert(string lines, EncodingChoices choices) => Convert(lines, new EncodingLineConverter(TinyTokenizer.Create(), choices));

    private static string Convert(string lines, ILineConverter converter)
    {
        using var input = new MemoryStream(Encoding.UTF8.GetBytes(lines));
        using var output = new MemoryStream();
        JsonLines.Convert(input, "FILE", Open(output), converter);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static LineOutput Open(Stream stream) => new(stream, isClosed: () => false);
}
