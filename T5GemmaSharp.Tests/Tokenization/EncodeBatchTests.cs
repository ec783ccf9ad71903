using NUnit.Framework;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Tokenization;

public sealed class EncodeBatchTests
{
    private static readonly T5GemmaTokenizer Tokenizer = TinyTokenizer.Create();

    [TestCase(PaddingSide.Right, new[] { "<bos>", "a", "<pad>", "<pad>", "<bos>", "d", "d", "d" }, new long[] { 1, 1, 0, 0, 1, 1, 1, 1 })]
    [TestCase(PaddingSide.Left, new[] { "<pad>", "<pad>", "<bos>", "a", "<bos>", "d", "d", "d" }, new long[] { 0, 0, 1, 1, 1, 1, 1, 1 })]
    public void EncodeBatch_UnequalLengths_PadsTheAskedSide(PaddingSide side, string[] pieces, long[] mask)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var batch = Tokenizer.EncodeBatch(["a", "ddd"], new BatchEncodingOptions { PaddingSide = side });
        Assert.Multiple(() =>
        {
            Assert.That(batch.InputIds.shape, Is.EqualTo(new long[] { 2, 4 }));
            Assert.That(batch.InputIds.data<long>().ToArray(), Is.EqualTo(TinyTokenizer.Ids(pieces).Select(id => (long)id)));
            Assert.That(batch.AttentionMask.data<long>().ToArray(), Is.EqualTo(mask));
        });
    }

    [Test]
    public void EncodeBatch_MaxLength_KeepsEos()
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var batch = Tokenizer.EncodeBatch(["dddd"], new BatchEncodingOptions { MaxLength = 3, AddEos = true });
        Assert.That(batch.InputIds.data<long>().ToArray(), Is.EqualTo(TinyTokenizer.Ids("<bos>", "d", "<eos>").Select(id => (long)id)));
    }

    [TestCase(TruncationSide.Right, "<bos>", "a", "d", "<eos>")]
    [TestCase(TruncationSide.Left, "<bos>", "s", "b", "<eos>")]
    public void EncodeBatch_TruncationSide_CutsTheTextOnly(TruncationSide side, params string[] pieces)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var batch = Tokenizer.EncodeBatch(["adsb"], new BatchEncodingOptions { MaxLength = 4, AddEos = true, TruncationSide = side });
        Assert.That(batch.InputIds.data<long>().ToArray(), Is.EqualTo(TinyTokenizer.Ids(pieces).Select(id => (long)id)));
    }

    [Test]
    public void EncodeBatch_MinLength_WidensShortRows()
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var options = new BatchEncodingOptions { MinLength = 5 };
        Assert.That(Tokenizer.EncodeBatch(["d"], options).InputIds.shape, Is.EqualTo(new long[] { 1, 5 }));
        Assert.That(Tokenizer.EncodeBatch(["dddddd"], options).InputIds.shape, Is.EqualTo(new long[] { 1, 7 }));
    }

    [Test]
    public void EncodeBatch_MaxLengthBelowBosAndEos_Throws()
        => Assert.That(() => Tokenizer.EncodeBatch(["d"], new BatchEncodingOptions { MaxLength = 1, AddEos = true }), Throws.ArgumentException.With.Message.Contains("at least 2"));

    [Test]
    public void EncodeBatch_PadToMultiple_RoundsTheWidthUp()
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var batch = Tokenizer.EncodeBatch(["dddd"], new BatchEncodingOptions { PadToMultipleOf = 8 });
        Assert.That(batch.InputIds.shape, Is.EqualTo(new long[] { 1, 8 }));
    }

    [Test]
    public void EncodeBatch_NothingToEncode_Throws()
        => Assert.That(() => Tokenizer.EncodeBatch([]), Throws.ArgumentException.With.Message.Contains("at least one text"));
}
