using NUnit.Framework;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Tokenization;

public sealed class PadTests
{
    [TestCase("right", new long[] { 5, 6, 7, 8, 0, 0 }, new long[] { 1, 1, 1, 1, 0, 0 })]
    [TestCase("left", new long[] { 5, 6, 7, 0, 0, 8 }, new long[] { 1, 1, 1, 0, 0, 1 })]
    public void Pad_UnequalRows_FillsTheTokenizersSide(string side, long[] ids, long[] mask)
    {
        using var scope = NewDisposeScope();
        var batch = TinyTokenizer.Create(config: $$"""{"padding_side":"{{side}}"}""").Pad([[5, 6, 7], [8]]);
        Assert.Multiple(() =>
        {
            Assert.That(batch.InputIds.shape, Is.EqualTo(new long[] { 2, 3 }));
            Assert.That(batch.InputIds.data<long>().ToArray(), Is.EqualTo(ids));
            Assert.That(batch.AttentionMask.data<long>().ToArray(), Is.EqualTo(mask));
        });
    }

    [Test]
    public void Pad_EmptyRow_HasOneMaskedColumn()
    {
        using var scope = NewDisposeScope();
        var batch = TinyTokenizer.Create().Pad([[]]);
        Assert.That((batch.InputIds.numel(), batch.AttentionMask.item<long>()), Is.EqualTo((1L, 0L)));
    }

    [Test]
    public void Pad_NoRow_Throws()
        => Assert.That(() => TinyTokenizer.Create().Pad([]), Throws.ArgumentException);
}
