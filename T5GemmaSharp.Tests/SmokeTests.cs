using NUnit.Framework;
using TorchSharp;

namespace T5GemmaSharp.Tests;

public sealed class SmokeTests
{
    [Test]
    public void Ones_Sum_IsCount()
    {
        using var ones = torch.ones(3);
        Assert.That(ones.sum().item<float>(), Is.EqualTo(3f));
    }
}
