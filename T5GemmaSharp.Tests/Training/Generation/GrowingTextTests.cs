using CsCheck;
using NUnit.Framework;
using T5GemmaSharp.Generation.Streaming;
using T5GemmaSharp.Training.Generation;

namespace T5GemmaSharp.Tests.Training.Generation;

public sealed class GrowingTextTests
{
    private static readonly string[] Parts = [" ", "\n", "\r", "\r\n", "\t", "\u2028", "\f", "a", "bc", "é", "😀"];
    private static readonly Gen<string> Piece = Gen.Int[0, Parts.Length - 1].Select(index => Parts[index]).Array[0, 3].Select(string.Concat);

    [Test]
    public void Append_AnyPieces_MakeWhatTheWholeMakes([Values(nameof(AnswerFormat.Text), nameof(AnswerFormat.Line))] string name)
    {
        var format = Enum.Parse<AnswerFormat>(name);
        Piece.Array[0, 8].Sample(pieces =>
        {
            var growing = new GrowingText(format);
            var whole = new Answer { Index = 0, Result = 0, Text = string.Concat(pieces), Ids = [], FinishReason = FinishReason.Length };
            return string.Concat(pieces.Select(growing.Append)) == whole.Write(format);
        });
    }

    [Test]
    public void Append_Text_ComesAtOnce()
    {
        var growing = new GrowingText(AnswerFormat.Text);
        Assert.That(new[] { " ", " a", "b ", " ", "c" }.Select(growing.Append), Is.EqualTo(new[] { "", "a", "b", "", "  c" }));
    }
}
