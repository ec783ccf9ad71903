using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Distributed;
using T5GemmaSharp.Training.Distributed.Checking;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Distributed;

/// <summary>NCCL with one rank. Two are tried by <c>torchrun --no-python --nproc-per-node 2 PROGRAM collectives</c>.</summary>
public sealed class NcclGpuTests : GpuFixture
{
    [Test]
    public void Collectives_OfOneRank_AreRightInEverySizeAndDType()
    {
        using var ranks = Ranks.Join(DistributedEngine.Nccl, new LaunchEnvironment(), CUDA, TimeSpan.FromMinutes(1));
        Assert.That(ranks.Engine, Is.EqualTo("nccl"));
        Assert.That(CollectivesCheck.Faults(ranks), Is.Empty);
        Assert.That(ranks.FromFirst("text"), Is.EqualTo("text"));
    }

    [Test]
    public void AllReduce_BesideTorch_IsOrderedWithIt()
    {
        using var ranks = Ranks.Join(DistributedEngine.Nccl, new LaunchEnvironment(), CUDA, TimeSpan.FromMinutes(1));
        var values = zeros([1 << 22], device: CUDA);
        for (var round = 0; round < 50; round++)
        {
            values.add_(1); // the reduction must come after it, and the next one after the reduction
            var handle = ranks.AllReduce(values);
            handle.Wait();
            values.mul_(1);
        }

        Assert.That(values.sum().item<float>(), Is.EqualTo(50f * (1 << 22)));
    }
}
