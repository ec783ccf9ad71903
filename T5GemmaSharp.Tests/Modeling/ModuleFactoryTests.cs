using NUnit.Framework;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

public sealed class ModuleFactoryTests
{
    [Test]
    public void Parameter_LargerThanAnyMemory_NamesShapeDTypeAndDevice()
    {
        var factory = new ModuleFactory(CPU, ScalarType.BFloat16);
        Assert.That(() => factory.Parameter(1L << 26, 1L << 26), Throws.TypeOf<InsufficientMemoryException>()
            .With.Message.Contains("[67108864, 67108864]").And.Message.Contains("BFloat16").And.Message.Contains("cpu"));
    }

    [Test]
    public void Discard_EveryParameter_IsFreed()
    {
        var before = LiveTensors.Count;
        var factory = new ModuleFactory(CPU, ScalarType.Float32);
        var linear = factory.Linear(3, 4, hasBias: true);
        var embedding = factory.Embedding(5, 6, padTokenId: 2);
        Assert.That(LiveTensors.Count - before, Is.EqualTo(3));
        factory.Discard();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(LiveTensors.Count - before, Is.Zero);
            Assert.That(linear.weight.IsInvalid, Is.True);
        }
        embedding.Dispose();
        linear.Dispose();
    }
}
