using System.Buffers.Binary;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

public sealed class SafetensorsFileTests
{
    private const string OneFloatPair = """{"__metadata__":{"format":"pt","note":"é"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""";

    private static readonly ScalarType[] DTypes =
    [
        ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64,
        ScalarType.Int32, ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool,
    ];

    private ScratchFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new ScratchFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Open_HandMadeFile_HasMetadataEntriesAndValues()
    {
        using var file = SafetensorsFile.Open(WriteFloatPair(1.5f, -2f));

        Assert.That(file.Metadata, Is.EquivalentTo(new Dictionary<string, string> { ["format"] = "pt", ["note"] = "é" }));
        var entry = file.Entries.Single();
        Assert.That((entry.Name, entry.DType, entry.LengthInBytes, entry.ElementCount), Is.EqualTo(("a", ScalarType.Float32, 8L, 2L)));
        Assert.That(entry.OffsetInBytes, Is.EqualTo(new FileInfo(file.Path).Length - 8));
        using var tensor = file.Read("a");
        Assert.That(tensor.data<float>().ToArray(), Is.EqualTo(new[] { 1.5f, -2f }));
    }

    [TestCaseSource(nameof(DTypes))]
    public void Read_EveryDType_GivesWrittenValues(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var written = arange(24).reshape(2, 3, 4).remainder(2).to(dtype);
        SafetensorsWriter.Write(_folder["x.safetensors"], new Dictionary<string, Tensor> { ["x"] = written });

        using var file = SafetensorsFile.Open(_folder["x.safetensors"]);
        var read = file.Read("x");

        Assert.That((read.dtype, read.shape), Is.EqualTo((dtype, new long[] { 2, 3, 4 })));
        Assert.That(read.eq(written).all().item<bool>(), Is.True);
    }

    [Test]
    public void Read_ScalarAndEmpty_KeepShape()
    {
        var path = _folder.WriteSafetensors(
            """{"e":{"dtype":"F32","shape":[2,0],"data_offsets":[8,8]},"s":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}""", dataLength: 8);
        using var file = SafetensorsFile.Open(path);
        using var scalar = file.Read("s");
        using var nothing = file.Read("e");

        Assert.That(file.Entries.Select(entry => entry.Name), Is.EqualTo(new[] { "s", "e" }));
        Assert.That(scalar.shape, Is.Empty);
        Assert.That(scalar.item<long>(), Is.Zero);
        Assert.That(nothing.shape, Is.EqualTo(new long[] { 2, 0 }));
    }

    [Test]
    public void Read_OffsetNotAligned_CopiesExactValues()
    {
        var data = new byte[11];
        BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(3), 3.25f);
        BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(7), -7f);
        var header = """{"a":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"F32","shape":[2],"data_offsets":[3,11]}} """u8.ToArray();
        using var file = SafetensorsFile.Open(_folder.WriteSafetensors(header, data));
        Assert.That(file.Entries[1].OffsetInBytes % 4, Is.Not.Zero);

        using var tensor = file.Read("b");

        Assert.That(tensor.data<float>().ToArray(), Is.EqualTo(new[] { 3.25f, -7f }));
    }

    [Test]
    public void Read_AfterDispose_TensorStaysValidAndFileRefuses()
    {
        var file = SafetensorsFile.Open(WriteFloatPair(1f, 2f));
        using var tensor = file.Read("a");
        file.Dispose();
        file.Dispose();

        Assert.That(tensor.data<float>().ToArray(), Is.EqualTo(new[] { 1f, 2f }));
        Assert.Throws<ObjectDisposedException>(() => file.Read("a"));
    }

    [Test]
    public void Read_WritingIntoTensor_LeavesFileUnchanged()
    {
        var path = WriteFloatPair(1f, 2f);
        var before = File.ReadAllBytes(path);
        using (var file = SafetensorsFile.Open(path))
        using (var tensor = file.Read("a"))
        {
            tensor.fill_(9);
            Assert.That(tensor.data<float>().ToArray(), Is.EqualTo(new[] { 9f, 9f }));
        }

        Assert.That(File.ReadAllBytes(path), Is.EqualTo(before));
    }

    [Test]
    public void Read_FileReplacedByRename_GivesTheOpenedFile()
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("Windows refuses to replace an open file.");
        var path = WriteFloatPair(1f, 2f);
        using var file = SafetensorsFile.Open(path);
        using var mappedBefore = OperatingSystem.IsLinux() ? null : file.Read("a");   // only Linux can map an open file by its handle

        SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["a"] = full(1000, 7f) });
        using var tensor = mappedBefore ?? file.Read("a");

        Assert.That(tensor.data<float>().ToArray(), Is.EqualTo(new[] { 1f, 2f }));
        using var newer = SafetensorsFile.Open(path);
        using var replaced = newer.Read("a");
        Assert.That(replaced.sum().item<float>(), Is.EqualTo(7000f));
    }

    [Test]
    public void Read_UnknownName_ThrowsKeyNotFound()
    {
        using var file = SafetensorsFile.Open(WriteFloatPair(1f, 2f));

        Assert.That(() => file.Read("b"), Throws.TypeOf<KeyNotFoundException>().With.Message.Contains("'b'").And.Message.Contains(file.Path));
        Assert.That(file.TryGetEntry("b", out _), Is.False);
        Assert.That(file.TryGetEntry("a", out _), Is.True);
    }

    [Test]
    public void Read_TensorMayBecomeParameter()
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(WriteFloatPair(1f, 2f));

        var parameter = new TorchSharp.Modules.Parameter(file.Read("a"));
        (parameter * 3).sum().backward();

        Assert.That(parameter.is_leaf, Is.True);
        Assert.That(parameter.grad!.data<float>().ToArray(), Is.EqualTo(new[] { 3f, 3f }));
    }

    [Test]
    public void Read_FileLargerThanMemory_ReadsTensorByTensor()
    {
        // Sparse: it takes no room on the disk. Linux refuses a private map of it.
        const long Length = 1L << 42;
        var header = $$$"""{"big":{"dtype":"U8","shape":[{{{Length}}}],"data_offsets":[8,{{{Length + 8}}}]},"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}""";
        var path = _folder.WriteSafetensors(header, dataLength: 8);
        try
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
            RandomAccess.SetLength(handle, RandomAccess.GetLength(handle) + Length);
        }
        catch (IOException)
        {
            Assert.Ignore("The file system has no sparse files of 4 TB.");
        }

        using var file = SafetensorsFile.Open(path);
        using var tensor = file.Read("a");

        Assert.That(tensor.sum().item<long>(), Is.Zero);
    }

    [Test]
    public void OpenReadDispose_LeavesNoTensorAlive()
    {
        var path = WriteFloatPair(1f, 2f);
        var live = LiveTensors.Count;
        using (var file = SafetensorsFile.Open(path))
        {
            file.Read("a").Dispose();
            file.Read("a").Dispose();
        }

        Assert.That(LiveTensors.Count, Is.EqualTo(live));
    }

    [Test]
    public void CopyTo_OtherShape_Throws()
    {
        using var file = SafetensorsFile.Open(WriteFloatPair(1f, 2f));
        using var target = zeros(2, 1);

        Assert.That(() => file.CopyTo("a", target), Throws.ArgumentException.With.Message.Contains("expected [2], got [2, 1]"));
    }

    [TestCase(ScalarType.Float32)]
    [TestCase(ScalarType.BFloat16)]
    [TestCase(ScalarType.Float64)]
    public void CopyTo_AnyDTypeAndLayout_CastsExactly(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var source = arange(6, dtype: ScalarType.Float32).reshape(2, 3);
        SafetensorsWriter.Write(_folder["x.safetensors"], new Dictionary<string, Tensor> { ["x"] = source });
        using var file = SafetensorsFile.Open(_folder["x.safetensors"]);
        var contiguous = zeros(2, 3, dtype: dtype);
        var transposed = zeros(3, 2, dtype: dtype).t();

        file.CopyTo("x", contiguous);
        file.CopyTo("x", transposed);

        Assert.That(contiguous.eq(source).all().item<bool>(), Is.True);
        Assert.That(transposed.eq(source).all().item<bool>(), Is.True);
    }

    private string WriteFloatPair(float first, float second)
    {
        var data = new byte[8];
        BinaryPrimitives.WriteSingleLittleEndian(data, first);
        BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(4), second);
        var header = System.Text.Encoding.UTF8.GetBytes(OneFloatPair);
        // Real writers pad to 8 bytes, so that the data is aligned and can be mapped.
        return _folder.WriteSafetensors([.. header, .. Enumerable.Repeat((byte)' ', (8 - (header.Length % 8)) % 8)], data);
    }
}
