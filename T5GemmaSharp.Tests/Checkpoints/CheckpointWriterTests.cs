using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

public sealed class CheckpointWriterTests
{
    private ScratchFolder _folder = null!;
    private Dictionary<string, Tensor> _tensors = null!;

    [SetUp]
    public void CreateFolder()
    {
        _folder = new ScratchFolder();
        _tensors = Enumerable.Range(0, 5).ToDictionary(i => $"t{i}", i => full(2, 3, (float)i));   // 24 bytes each
    }

    [TearDown]
    public void RemoveFolder()
    {
        _folder.Dispose();
        foreach (var tensor in _tensors.Values)
            tensor.Dispose();
    }

    [Test]
    public void Write_BelowLimit_WritesOneFile()
    {
        new CheckpointWriter().Write(_folder.Path, _tensors);

        Assert.That(_folder.FileNames, Is.EqualTo(new[] { "model.safetensors" }));
        AssertReadsBack();
    }

    [Test]
    public void Write_AboveLimit_WritesShardsAndIndex()
    {
        new CheckpointWriter { MaxShardSizeInBytes = 48 }.Write(_folder.Path, _tensors);

        Assert.That(_folder.FileNames, Is.EqualTo(new[]
        {
            "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", "model.safetensors.index.json",
        }));
        using var index = JsonDocument.Parse(File.ReadAllText(_folder["model.safetensors.index.json"]));
        var metadata = index.RootElement.GetProperty("metadata");
        Assert.That(metadata.GetProperty("total_size").GetInt64(), Is.EqualTo(120));
        Assert.That(metadata.GetProperty("total_parameters").GetInt64(), Is.EqualTo(30));
        Assert.That(index.RootElement.GetProperty("weight_map").EnumerateObject().Select(pair => $"{pair.Name}:{pair.Value.GetString()![10]}"),
            Is.EqualTo(new[] { "t0:1", "t1:1", "t2:2", "t3:2", "t4:3" }));
        AssertReadsBack();
    }

    [Test]
    public void Write_TensorAboveLimit_GetsOwnShard()
    {
        new CheckpointWriter { MaxShardSizeInBytes = 1 }.Write(_folder.Path, _tensors);

        Assert.That(_folder.FileNames.Count(name => name.EndsWith("-of-00005.safetensors", StringComparison.Ordinal)), Is.EqualTo(5));
        AssertReadsBack();
    }

    [TestCase(long.MaxValue, 24)]
    [TestCase(24, long.MaxValue)]
    [TestCase(24, 48)]
    [TestCase(24, 24)]
    public void Write_OverEarlierSave_RemovesStaleFilesOnly(long earlierLimit, long limit)
    {
        File.WriteAllText(_folder["config.json"], "{}");
        File.WriteAllText(_folder["model-extra.safetensors"], "");
        using var other = ones(9);
        var earlier = _tensors.ToDictionary(pair => pair.Key, _ => other);
        new CheckpointWriter { MaxShardSizeInBytes = earlierLimit }.Write(_folder.Path, earlier);

        new CheckpointWriter { MaxShardSizeInBytes = limit }.Write(_folder.Path, _tensors);

        using var fresh = new ScratchFolder();
        new CheckpointWriter { MaxShardSizeInBytes = limit }.Write(fresh.Path, _tensors);
        Assert.That(_folder.FileNames, Is.EquivalentTo(fresh.FileNames.Concat(["config.json", "model-extra.safetensors"])));
        AssertReadsBack();
    }

    [TestCase(long.MaxValue)]
    [TestCase(24)]
    public void Write_Failing_LeavesEarlierSave(long limit)
    {
        var writer = new CheckpointWriter { MaxShardSizeInBytes = limit };
        writer.Write(_folder.Path, _tensors);
        var before = _folder.FileNames;
        using var complex = ones(1, dtype: ScalarType.ComplexFloat64);
        var disposed = ones(1);
        disposed.Dispose();

        Assert.That(() => writer.Write(_folder.Path, new Dictionary<string, Tensor>(_tensors) { ["z"] = complex }), Throws.ArgumentException);
        Assert.That(() => writer.Write(_folder.Path, new Dictionary<string, Tensor>(_tensors) { ["z"] = disposed }), Throws.InvalidOperationException);

        Assert.That(_folder.FileNames, Is.EqualTo(before));
        AssertReadsBack();
    }

    [Test]
    public void Write_RenameRefused_KeepsEarlierShardsLoadable()
    {
        var writer = new CheckpointWriter { MaxShardSizeInBytes = 48 };
        writer.Write(_folder.Path, _tensors);
        var before = _folder.FileNames;
        // A folder in the place of the first shard of a save with one more shard makes that rename fail.
        Directory.CreateDirectory(Path.Combine(_folder["model-00001-of-00005.safetensors"], "inside"));

        Assert.That(
            () => new CheckpointWriter { MaxShardSizeInBytes = 24 }.Write(_folder.Path, _tensors),
            Throws.InstanceOf<IOException>().Or.InstanceOf<UnauthorizedAccessException>());

        Assert.That(_folder.FileNames, Is.EqualTo(before));
        AssertReadsBack();
    }

    [Test]
    public void Write_WhileMapped_KeepsMappedValues()
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("Windows refuses to replace an open file.");
        new CheckpointWriter().Write(_folder.Path, _tensors);
        using var reader = CheckpointReader.Open(_folder.Path);
        using var mapped = reader.Read("t3");
        using var doubled = mapped * 2;

        new CheckpointWriter().Write(_folder.Path, new Dictionary<string, Tensor> { ["t3"] = doubled });

        Assert.That(mapped.sum().item<float>(), Is.EqualTo(18f));
        using var newer = CheckpointReader.Open(_folder.Path);
        using var replaced = newer.Read("t3");
        Assert.That(replaced.sum().item<float>(), Is.EqualTo(36f));
    }

    [Test]
    public void Write_NoTensors_WritesReadableFile()
    {
        new CheckpointWriter().Write(_folder["new/folder"], new Dictionary<string, Tensor>());

        using var reader = CheckpointReader.Open(_folder["new/folder"]);
        Assert.That(reader.Keys, Is.Empty);
    }

    [Test]
    public void Write_LimitNotPositive_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new CheckpointWriter { MaxShardSizeInBytes = 0 }.Write(_folder.Path, _tensors));

    private void AssertReadsBack()
    {
        using var reader = CheckpointReader.Open(_folder.Path);
        Assert.That(reader.Keys, Is.EquivalentTo(_tensors.Keys));
        foreach (var (key, tensor) in _tensors)
        {
            using var read = reader.Read(key);
            Assert.That(read.bytes.SequenceEqual(tensor.bytes), Is.True, key);
        }
    }
}
