using System.Text;
using NUnit.Framework;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Tests.Training.Tokenization;

public sealed class LineReaderTests
{
    [TestCase("")]
    [TestCase("a", "a")]
    [TestCase("a\n", "a")]
    [TestCase("\n", "")]
    [TestCase("\n\na\r\n\nb", "", "", "a\r", "", "b")]
    public void TryTake_Text_GivesItsLines(string text, params string[] expected)
    {
        Assert.Multiple(() =>
        {
            Assert.That(ReadAll(text, chunk: 1), Is.EqualTo(expected));
            Assert.That(ReadAll(text, chunk: 2), Is.EqualTo(expected));
            Assert.That(ReadAll(text, chunk: int.MaxValue), Is.EqualTo(expected));
        });
    }

    [Test]
    public void TryTake_LinesAroundTheBuffersSize_AreWhole()
    {
        var expected = new[] { 70_000, 3, 131_071, 131_072, 0, 400_000, 1 }.Select((length, index) => new string((char)('a' + index), length)).ToList();
        var text = string.Join('\n', expected);
        Assert.Multiple(() =>
        {
            Assert.That(ReadAll(text, chunk: 4096), Is.EqualTo(expected));
            Assert.That(ReadAll(text, chunk: int.MaxValue), Is.EqualTo(expected));
        });
    }

    [TestCase("ab\nabc\nabcd\n", 3)]
    [TestCase("ab\nabc\nabcd", int.MaxValue)]
    public void TryTake_LineBeyondTheLimit_Throws(string text, int chunk)
        => Assert.That(() => ReadAll(text, chunk, maximumLength: 3), Throws.TypeOf<FormatException>().With.Message.EqualTo("line 3: expected at most 3 bytes, it is longer"));

    private static List<string> ReadAll(string text, int chunk, int maximumLength = int.MaxValue)
    {
        using var stream = new ChunkedStream(Encoding.UTF8.GetBytes(text), chunk);
        var reader = new LineReader(stream, maximumLength);
        var lines = new List<string>();
        while (reader.Fill())
        {
            while (reader.TryTake(out var line))
            {
                lines.Add(Encoding.UTF8.GetString(line));
                Assert.That(reader.LineNumber, Is.EqualTo(lines.Count));
            }
        }

        return lines;
    }

    /// <summary>Gives at most so many bytes at a time, as a pipe may.</summary>
    private sealed class ChunkedStream(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, chunk));
    }
}
