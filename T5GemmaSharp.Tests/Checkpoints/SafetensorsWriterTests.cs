using System.Text;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

public sealed class SafetensorsWriterTests
{
    private ScratchFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new ScratchFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Write_OneTensor_HasExactBytes()
    {
        using var tensor = torch.tensor(new short[] { 1, -1 }, ScalarType.Int16);

        SafetensorsWriter.Write(_folder["x.safetensors"], new Dictionary<string, Tensor> { ["a\"é"] = tensor });

        var bytes = File.ReadAllBytes(_folder["x.safetensors"]);
        var header = """{"__metadata__":{"format":"pt"},"a\"é":{"dtype":"I16","shape":[2],"data_offsets":[0,4]}}""";
        var headerBytes = Encoding.UTF8.GetBytes(header.PadRight(header.Length + ((8 - (Encoding.UTF8.GetByteCount(header) % 8)) % 8)));
        byte[] expected = [.. BitConverter.GetBytes((long)headerBytes.Length), .. headerBytes, 1, 0, 255, 255];
        Assert.That(bytes, Is.EqualTo(expected));
        Assert.That(headerBytes.Length % 8, Is.Zero);
    }

    [Test]
    public void Write_ManyTensors_WidestFirstThenByOrdinalName()
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>
        {
            ["b"] = ones(3, dtype: ScalarType.Bool),
            ["a.10"] = ones(1),
            ["a.2"] = ones(1),
            ["B"] = ones(1),
            ["z"] = ones(1, dtype: ScalarType.Int64),
            ["h"] = ones(5, dtype: ScalarType.BFloat16),
        };

        SafetensorsWriter.Write(_folder["x.safetensors"], tensors);

        using var file = SafetensorsFile.Open(_folder["x.safetensors"]);
        Assert.That(file.Entries.Select(entry => entry.Name), Is.EqualTo(new[] { "z", "B", "a.10", "a.2", "h", "b" }));
        Assert.That(file.Entries.All(entry => entry.OffsetInBytes % (entry.LengthInBytes / entry.ElementCount) == 0), Is.True);
    }

    [Test]
    public void Write_Metadata_IsKeptAndFormatMayBeReplaced()
    {
        SafetensorsWriter.Write(
            _folder["x.safetensors"], new Dictionary<string, Tensor>(), new Dictionary<string, string> { ["step"] = "12", ["format"] = "np" });

        using var file = SafetensorsFile.Open(_folder["x.safetensors"]);
        Assert.That(file.Metadata, Is.EquivalentTo(new Dictionary<string, string> { ["step"] = "12", ["format"] = "np" }));
        Assert.That(file.Entries, Is.Empty);
    }

    [TestCase(8)]
    [TestCase(48)]
    [TestCase(1 << 20)]
    public void Write_AnyLayoutAndChunkSize_WritesCOrder(int chunkSizeInBytes)
    {
        using var scope = NewDisposeScope();
        var plain = arange(2 * 3 * 5 * 7, dtype: ScalarType.Float32).reshape(2, 3, 5, 7);
        Tensor[] layouts =
        [
            plain, plain.transpose(0, 3), plain.permute(3, 1, 0, 2), plain.narrow(2, 1, 3), plain.select(0, 1).transpose(0, 2),
            plain.narrow(0, 0, 1).transpose(1, 3), ones(1).expand(4, 5), plain.requires_grad_(),
        ];
        foreach (var layout in layouts)
        {
            var path = _folder["raw"];
            using (var handle = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
            using (var transfer = new TensorTransfer(chunkSizeInBytes))
                Assert.That(transfer.Write(handle, 16, layout), Is.EqualTo(16 + (layout.NumberOfElements * 4)));

            var expected = layout.detach().contiguous().bytes.ToArray();
            Assert.That(File.ReadAllBytes(path)[16..], Is.EqualTo(expected), $"layout [{string.Join(",", layout.stride())}]");
        }
    }

    [Test]
    public void Write_Failing_KeepsOldFileAndLeavesNoOther()
    {
        using var good = ones(2);
        using var complex = ones(2, dtype: ScalarType.ComplexFloat32);
        var path = _folder["x.safetensors"];
        SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["a"] = good });
        var before = File.ReadAllBytes(path);
        var disposed = ones(2);
        disposed.Dispose();

        Assert.That(
            () => SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["a"] = good, ["c"] = complex }),
            Throws.ArgumentException.With.Message.Contains("Tensor c").And.Message.Contains("ComplexFloat32"));
        Assert.That(() => SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["a"] = disposed }), Throws.InvalidOperationException);

        Assert.That(File.ReadAllBytes(path), Is.EqualTo(before));
        Assert.That(_folder.FileNames, Is.EqualTo(new[] { "x.safetensors" }));
    }

    [Test]
    public void Write_FaultWhileWriting_RemovesTemporaryFile()
    {
        using var tensor = ones(2);
        Directory.CreateDirectory(_folder["x.safetensors"]);   // a folder cannot be replaced by a file
        File.WriteAllText(Path.Combine(_folder["x.safetensors"], "inside"), "");

        Assert.That(
            () => SafetensorsWriter.Write(_folder["x.safetensors"], new Dictionary<string, Tensor> { ["a"] = tensor }),
            Throws.InstanceOf<IOException>().Or.InstanceOf<UnauthorizedAccessException>());

        Assert.That(_folder.FileNames, Is.Empty);
        Assert.That(File.Exists(Path.Combine(_folder["x.safetensors"], "inside")), Is.True);
    }

    [Test]
    public void Write_MetaOrReservedName_Throws()
    {
        using var meta = ones(2, device: torch.META);
        using var tensor = ones(2);

        Assert.That(() => SafetensorsWriter.Write(_folder["x"], new Dictionary<string, Tensor> { ["a"] = meta }), Throws.ArgumentException.With.Message.Contains("meta"));
        Assert.That(() => SafetensorsWriter.Write(_folder["x"], new Dictionary<string, Tensor> { ["__metadata__"] = tensor }), Throws.ArgumentException);
    }

    [Test]
    public void Write_LeavesNoTensorAlive()
    {
        using var tensor = ones(4, 4).t();
        var live = LiveTensors.Count;

        SafetensorsWriter.Write(_folder["x"], new Dictionary<string, Tensor> { ["a"] = tensor });

        Assert.That(LiveTensors.Count, Is.EqualTo(live));
    }
}
