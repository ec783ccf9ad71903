using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

[Category("Gpu")]
public sealed class CheckpointCudaTests
{
    private ScratchFolder _folder = null!;
    private TorchSharp.DisposeScope _scope = null!;

    [SetUp]
    public void RequireCuda()
    {
        if (!cuda.is_available())
            Assert.Ignore("No CUDA device.");
        _folder = new ScratchFolder();
        _scope = NewDisposeScope();
    }

    [TearDown]
    public void RemoveAll()
    {
        _scope?.Dispose();
        _folder?.Dispose();
    }

    [TestCase(ScalarType.BFloat16)]
    [TestCase(ScalarType.Float32)]
    public void Load_ManyChunks_GivesValuesInTheModulesDType(ScalarType dtype)
    {
        // 50 MB of bfloat16: four chunks, so that both buffers are used twice.
        using var source = new SmallModel(25_000, 1024, dtype: ScalarType.BFloat16);
        using var target = new SmallModel(25_000, 1024, dtype: dtype, device: CUDA);
        using (no_grad())
        {
            foreach (var parameter in source.parameters())
                parameter.normal_();
        }

        new CheckpointWriter().Write(_folder.Path, source.state_dict());
        using (var reader = CheckpointReader.Open(_folder.Path))
            CheckpointLoader.Load(target, reader, new CheckpointLoadOptions { Strictness = Strictness.Exact });

        var loaded = target.state_dict();
        foreach (var (key, value) in source.state_dict())
            Assert.That(loaded[key].cpu().eq(value.to(loaded[key].dtype)).all().item<bool>(), Is.True, key);
        Assert.That(loaded.Values.All(value => value.device_type == TorchSharp.DeviceType.CUDA), Is.True);
    }

    [TestCase(1 << 10)]
    [TestCase(TensorTransfer.DefaultChunkSizeInBytes)]
    public void Write_FromCuda_WritesTheSameBytesAsFromCpu(int chunkSizeInBytes)
    {
        var onCpu = randn(100, 30, 7).to(ScalarType.BFloat16);
        foreach (var layout in new[] { onCpu, onCpu.transpose(0, 2) })
        {
            using (var file = File.OpenHandle(_folder["raw"], FileMode.Create, FileAccess.Write))
            using (var transfer = new TensorTransfer(chunkSizeInBytes))
                transfer.Write(file, 0, layout.cuda());

            Assert.That(File.ReadAllBytes(_folder["raw"]), Is.EqualTo(layout.contiguous().bytes.ToArray()));
        }
    }
}
