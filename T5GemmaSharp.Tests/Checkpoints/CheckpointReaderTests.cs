using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

public sealed class CheckpointReaderTests
{
    private ScratchFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new ScratchFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Open_SingleFile_ReadsKeysAndEntries()
    {
        using var tensor = ones(2, 3, dtype: ScalarType.BFloat16);
        SafetensorsWriter.Write(_folder["any.safetensors"], new Dictionary<string, Tensor> { ["a"] = tensor });

        using var reader = CheckpointReader.Open(_folder["any.safetensors"]);

        Assert.That(reader.Keys, Is.EqualTo(new[] { "a" }));
        Assert.That((reader.GetEntry("a").DType, reader.GetEntry("a").Shape), Is.EqualTo((ScalarType.BFloat16, new long[] { 2, 3 })));
    }

    [Test]
    public void Open_SingleFileAndIndex_PrefersSingleFile()
    {
        using var tensor = ones(1);
        SafetensorsWriter.Write(_folder["model.safetensors"], new Dictionary<string, Tensor> { ["single"] = tensor });
        File.WriteAllText(_folder["model.safetensors.index.json"], "not read");

        using var reader = CheckpointReader.Open(_folder.Path);

        Assert.That(reader.Keys, Is.EqualTo(new[] { "single" }));
    }

    [Test]
    public void Read_AfterDispose_TensorStaysValidAndReaderRefuses()
    {
        using var tensor = full(4, 2f);
        new CheckpointWriter().Write(_folder.Path, new Dictionary<string, Tensor> { ["a"] = tensor });
        var reader = CheckpointReader.Open(_folder.Path);
        using var read = reader.Read("a");

        reader.Dispose();

        Assert.That(read.sum().item<float>(), Is.EqualTo(8f));
        Assert.Throws<ObjectDisposedException>(() => reader.Read("a"));
    }

    [Test]
    public void GetEntry_UnknownKey_ThrowsKeyNotFound()
    {
        new CheckpointWriter().Write(_folder.Path, new Dictionary<string, Tensor>());
        using var reader = CheckpointReader.Open(_folder.Path);

        Assert.That(() => reader.GetEntry("b"), Throws.TypeOf<KeyNotFoundException>().With.Message.Contains("'b'"));
        Assert.That(() => reader.Read("b"), Throws.TypeOf<KeyNotFoundException>());
    }

    [Test]
    public void OpenAndFailToOpen_LeaveNoTensorAlive()
    {
        using var tensor = ones(4);
        new CheckpointWriter { MaxShardSizeInBytes = 16 }.Write(_folder.Path, new Dictionary<string, Tensor> { ["a"] = tensor, ["b"] = tensor });
        var live = LiveTensors.Count;

        using (var reader = CheckpointReader.Open(_folder.Path))
        {
            foreach (var key in reader.Keys)
                reader.Read(key).Dispose();
        }

        File.WriteAllText(_folder["model-00002-of-00002.safetensors"], "broken");
        Assert.Throws<SafetensorsFormatException>(() => CheckpointReader.Open(_folder.Path));
        Assert.That(LiveTensors.Count, Is.EqualTo(live));
    }
}
