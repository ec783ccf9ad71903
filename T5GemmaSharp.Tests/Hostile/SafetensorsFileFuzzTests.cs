using CsCheck;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Hostile;

public sealed class SafetensorsFileFuzzTests
{
    private ScratchFolder _folder = null!;
    private byte[] _valid = null!;

    [OneTimeSetUp]
    public void WriteValidFile()
    {
        _folder = new ScratchFolder();
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>
        {
            ["model.norm.weight"] = arange(5, dtype: ScalarType.Float32),
            ["model.layers.0.weight"] = ones(3, 2, dtype: ScalarType.BFloat16),
            ["flags"] = ones(3, dtype: ScalarType.Bool),
            ["empty"] = zeros(2, 0, 4),
        };
        SafetensorsWriter.Write(_folder["valid.safetensors"], tensors);
        _valid = File.ReadAllBytes(_folder["valid.safetensors"]);
    }

    [OneTimeTearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Open_FlippedBits_LoadsOrThrowsFormatException() =>
        Gen.Int[0, (_valid.Length * 8) - 1].Array[1, 4].Sample(
            positions =>
            {
                var bytes = (byte[])_valid.Clone();
                foreach (var position in positions)
                    bytes[position / 8] ^= (byte)(1 << (position % 8));
                LoadOrReject(bytes);
            },
            iter: 1500, threads: 1);

    [Test]
    public void Open_ReplacedBytes_LoadsOrThrowsFormatException() =>
        // JSON's own characters break structure far more often than random bits do.
        Gen.Select(Gen.Int[0, _valid.Length - 1], Gen.Char["{}[]\",:0123456789-eE. \\uFBI\0"]).Array[1, 6].Sample(
            edits =>
            {
                var bytes = (byte[])_valid.Clone();
                foreach (var (position, character) in edits)
                    bytes[position] = (byte)character;
                LoadOrReject(bytes);
            },
            iter: 1500, threads: 1);

    [Test]
    public void Open_EveryTruncation_ThrowsFormatException()
    {
        for (var length = 0; length < _valid.Length; length++)
        {
            var path = _folder.WriteBytes(_valid[..length], "fuzz.safetensors");
            Assert.Throws<SafetensorsFormatException>(() => SafetensorsFile.Open(path).Dispose(), $"at length {length}");
        }
    }

    private void LoadOrReject(byte[] bytes)
    {
        var path = _folder.WriteBytes(bytes, "fuzz.safetensors");
        var live = LiveTensors.Count;
        try
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var entry in file.Entries)
            {
                using var scope = NewDisposeScope();
                var tensor = file.Read(entry.Name);
                if (tensor.NumberOfElements != entry.ElementCount)
                    throw new InvalidOperationException("An entry and its tensor disagree.");
                _ = tensor.to(ScalarType.Float32).sum();   // touches the mapped pages
            }
        }
        catch (SafetensorsFormatException)
        {
            // The one exception that a damaged file may cause.
        }

        if (LiveTensors.Count > live)
            throw new InvalidOperationException("Tensors stay alive.");
    }
}
