using System.Text;
using NUnit.Framework;
using T5GemmaSharp.Training.Logging.Files;

namespace T5GemmaSharp.Tests.Training.Logging;

public sealed class Crc32CTests
{
    [Test]
    public void Of_VectorsOfRfc3720_AreItsSums() => Assert.Multiple(() =>
    {
        Assert.That(Crc32C.Of(new byte[32]), Is.EqualTo(0x8A9136AA));
        Assert.That(Crc32C.Of([.. Enumerable.Repeat((byte)0xFF, 32)]), Is.EqualTo(0x62A8AB43));
        Assert.That(Crc32C.Of([.. Enumerable.Range(0, 32).Select(index => (byte)index)]), Is.EqualTo(0x46DD794E));
        Assert.That(Crc32C.Of([.. Enumerable.Range(0, 32).Select(index => (byte)(31 - index))]), Is.EqualTo(0x113FDB5C));
        Assert.That(Crc32C.Of(Encoding.ASCII.GetBytes("123456789")), Is.EqualTo(0xE3069283));
        Assert.That(Crc32C.Of([]), Is.Zero);
    });
}
