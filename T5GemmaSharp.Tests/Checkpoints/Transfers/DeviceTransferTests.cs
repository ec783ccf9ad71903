using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Checkpoints.Transfers;
using T5GemmaSharp.Interop.Cuda;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints.Transfers;

public sealed class DeviceTransferTests
{
    [Test]
    public void TryFill_NoCuda_SaysWhatIsMissingAndLeavesTheTensor()
    {
        if (cuda.is_available())
            Assert.Ignore("There is a CUDA device.");
        using var folder = new ScratchFolder();
        using var target = zeros(2, dtype: ScalarType.Float32);
        using var file = SafetensorsFile.Open(folder.WriteSafetensors("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", dataLength: 8));
        Assert.That(DeviceTransfer.TryFill([new TransferItem(file, file.Entries[0], target)], out var reason), Is.False);
        Assert.That(reason, Does.Contain(CudaDriver.Instance is null ? CudaDriver.LibraryName : "this libtorch does not tell"));
        Assert.That(target.sum().item<float>(), Is.Zero);
    }

    [Test]
    public void TryFill_Nothing_NeedsNoDriver()
    {
        Assert.That(DeviceTransfer.TryFill([], out var reason), Is.True);
        Assert.That(reason, Is.Null);
    }

    [Test]
    public void ReadBytes_FileCutAfterItWasOpened_NamesTheTensor()
    {
        using var folder = new ScratchFolder();
        var path = folder.WriteSafetensors("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", dataLength: 8);
        using var file = SafetensorsFile.Open(path);
        using (var stream = File.Open(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            stream.SetLength(stream.Length - 4);
        var bytes = new byte[4];
        Assert.That(() => file.ReadBytes(file.Entries[0], 0, bytes), Throws.Nothing, "this half is there");
        Assert.That(
            () => file.ReadBytes(file.Entries[0], 4, bytes),
            Throws.TypeOf<SafetensorsFormatException>().With.Message.Contains(path).And.Message.Contains("w").And.Property(nameof(SafetensorsFormatException.Rule)).EqualTo(SafetensorsRule.FileTruncated));
    }
}
