using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

public sealed class TensorSourceTests
{
    [Test]
    public void Write_Sources_HasOneTensorAtATimeAndLeavesNone()
    {
        using var folder = new ScratchFolder();
        var alive = new List<Tensor>();
        var sources = Enumerable.Range(0, 5).ToDictionary(index => $"t{index}", index => new TensorSource(ScalarType.Float32, [index + 1L, 3], () =>
        {
            Assert.That(alive.All(tensor => tensor.IsInvalid), Is.True, "those before it are freed");
            alive.Add(full(index + 1, 3, (float)index));
            return alive[^1];
        }));
        LiveTensors.AssertNothingLeft(() => new CheckpointWriter { MaxShardSizeInBytes = 60 }.Write(folder.Path, sources));
        Assert.That(alive, Has.Count.GreaterThanOrEqualTo(5));
        using var reader = CheckpointReader.Open(folder.Path);
        using var scope = NewDisposeScope();
        foreach (var index in Enumerable.Range(0, 5))
            Assert.That(reader.Read($"t{index}").Equals(full(index + 1, 3, (float)index)), Is.True);
    }
}
