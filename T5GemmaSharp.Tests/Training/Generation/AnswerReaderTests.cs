using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Streaming;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Training.Generation;

namespace T5GemmaSharp.Tests.Training.Generation;

public sealed class AnswerReaderTests
{
    private static readonly GenerationConfig Defaults = new() { PadTokenId = TinyTokenizer.Id("<pad>"), EosTokenId = [TinyTokenizer.Id("<eos>")], MaxNewTokens = 4 };

    [TestCase("<bos> a b <eos> <pad>", "a b <eos>", "ab", FinishReason.EndOfSequence)]
    [TestCase("<bos> a b c d", "a b c d", "abcd", FinishReason.Length)]
    [TestCase("<bos> a b <pad> <pad>", "a b", "ab", FinishReason.Criterion)]
    [TestCase("<bos> a e o <pad>", "a e o", "a", FinishReason.StopString)]
    [TestCase("<bos> <eos> <pad> <pad> <pad>", "<eos>", "", FinishReason.EndOfSequence)]
    [TestCase("<bos>", "", "", FinishReason.Criterion)]
    public void Read_Row_TakesTheAnswerOut(string row, string ids, string text, FinishReason reason)
    {
        var read = Reader(Defaults with { StopStrings = ["eo"] }).Read(Ids(row), promptLength: 1);
        Assert.That((string.Join(' ', read.Ids.Select(id => TinyTokenizer.Pieces[id])), read.Text, read.Reason), Is.EqualTo((ids, text, reason)));
    }

    [TestCase(5L, FinishReason.Length)]
    [TestCase(6L, FinishReason.Criterion)]
    public void Read_LengthLimit_CountsTheBeginning(long maxLength, FinishReason expected)
        => Assert.That(Reader(new GenerationConfig { MaxLength = maxLength }).Read(Ids("<bos> d a b c"), promptLength: 2).Reason, Is.EqualTo(expected));

    private static AnswerReader Reader(GenerationConfig config) => new(TinyTokenizer.Create(), config, skipSpecialTokens: true);

    private static long[] Ids(string pieces) => [.. pieces.Split(' ').Select(piece => (long)TinyTokenizer.Id(piece))];
}
