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

    [TestCase(ScalarType.BFloat16, 50_000_000_000)]
    [TestCase(ScalarType.BFloat16, 10_000_000)]
    [TestCase(ScalarType.Float32, 10_000_000)]
    public void Load_ManyTensorsInShards_AreFilledByThreadsAtOnce(ScalarType dtype, long shardSize)
    {
        // Sizes from one element to several buffers, none a multiple of a buffer's.
        var stored = Enumerable.Range(0, 60).ToDictionary(index => $"t{index}", index => randn(1 + (long)Math.Pow(index, 3.9), dtype: ScalarType.BFloat16));
        var targets = stored.ToDictionary(pair => pair.Key, pair => zeros(pair.Value.shape, dtype: dtype, device: CUDA));
        new CheckpointWriter { MaxShardSizeInBytes = shardSize }.Write(_folder.Path, stored);
        using var reader = CheckpointReader.Open(_folder.Path);
        var report = CheckpointLoader.Load(targets, reader, new CheckpointLoadOptions { Strictness = Strictness.Exact, UseDeviceTransfer = true });
        Assert.That((report.TransferFallback, report.LoadedCount), Is.EqualTo(((string?)null, stored.Count)));
        Assert.That(stored.Where(pair => targets[pair.Key].cpu().ne(pair.Value.to(dtype)).any().item<bool>()).Select(pair => pair.Key), Is.Empty);
    }

    [Test]
    public void Load_FileCutAfterItWasOpened_NamesTheTensor([Values] bool useDeviceTransfer)
    {
        new CheckpointWriter().Write(_folder.Path, new Dictionary<string, Tensor> { ["a"] = zeros(10_000_000), ["b"] = zeros(10_000_000) });
        using var reader = CheckpointReader.Open(_folder.Path);
        using (var stream = File.Open(_folder["model.safetensors"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            stream.SetLength(stream.Length - 1);
        var targets = new Dictionary<string, Tensor> { ["a"] = zeros(10_000_000, device: CUDA), ["b"] = zeros(10_000_000, device: CUDA) };
        Assert.That(
            () => CheckpointLoader.Load(targets, reader, new CheckpointLoadOptions { UseDeviceTransfer = useDeviceTransfer }),
            Throws.TypeOf<SafetensorsFormatException>().With.Property(nameof(SafetensorsFormatException.TensorName)).EqualTo("b"));
        Assert.That(ones(3, device: CUDA).sum().item<float>(), Is.EqualTo(3), "the device works on");
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
