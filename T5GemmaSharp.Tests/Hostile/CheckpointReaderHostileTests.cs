using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Checkpoints;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Hostile;

public sealed class CheckpointReaderHostileTests
{
    private const string Index = "model.safetensors.index.json";

    private ScratchFolder _folder = null!;

    [SetUp]
    public void WriteShard()
    {
        _folder = new ScratchFolder();
        using var tensor = ones(1);
        SafetensorsWriter.Write(_folder["one.safetensors"], new Dictionary<string, Tensor> { ["a"] = tensor, ["b"] = tensor });
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("", TestName = "Open_IndexEmpty_Throws")]
    [TestCase("{", TestName = "Open_IndexUnclosed_Throws")]
    [TestCase("[]", TestName = "Open_IndexArray_Throws")]
    [TestCase("{}", TestName = "Open_IndexWithoutMap_Throws")]
    [TestCase("""{"weight_map":[]}""", TestName = "Open_MapArray_Throws")]
    [TestCase("""{"weight_map":{},"weight_map":{}}""", TestName = "Open_MapTwice_Throws")]
    [TestCase("""{"weight_map":{"a":1}}""", TestName = "Open_ShardNumber_Throws")]
    [TestCase("""{"weight_map":{"a":null}}""", TestName = "Open_ShardNull_Throws")]
    [TestCase("""{"weight_map":{"a":""}}""", TestName = "Open_ShardEmpty_Throws")]
    [TestCase("""{"weight_map":{"a":".."}}""", TestName = "Open_ShardParent_Throws")]
    [TestCase("""{"weight_map":{"a":"../one.safetensors"}}""", TestName = "Open_ShardInParentFolder_Throws")]
    [TestCase("""{"weight_map":{"a":"sub/../one.safetensors"}}""", TestName = "Open_ShardThroughFolder_Throws")]
    [TestCase("""{"weight_map":{"a":"..\\one.safetensors"}}""", TestName = "Open_ShardInParentFolderBackslash_Throws")]
    [TestCase("""{"weight_map":{"a":"/etc/passwd"}}""", TestName = "Open_ShardAbsolute_Throws")]
    [TestCase("""{"weight_map":{"a":"C:one.safetensors"}}""", TestName = "Open_ShardOnDrive_Throws")]
    [TestCase("""{"weight_map":{"a":"one\u0000.safetensors"}}""", TestName = "Open_ShardNul_Throws")]
    [TestCase("""{"weight_map":{"\ud800":"one.safetensors"}}""", TestName = "Open_KeyHalfSurrogate_Throws")]
    [TestCase("""{"weight_map":{"a":"\ud800"}}""", TestName = "Open_ShardHalfSurrogate_Throws")]
    [TestCase("""{"weight_map":{"a":"one.safetensors","a":"one.safetensors"}}""", TestName = "Open_KeyTwice_Throws")]
    [TestCase("""{"weight_map":{"a":"one.safetensors"}}""", TestName = "Open_ShardHoldsUnmappedTensor_Throws")]
    [TestCase("""{"weight_map":{"a":"one.safetensors","b":"one.safetensors","c":"one.safetensors"}}""", TestName = "Open_ShardLacksMappedTensor_Throws")]
    public void Open_MalformedIndex_ThrowsCheckpointFormatException(string index)
    {
        File.WriteAllText(_folder[Index], index);

        var exception = Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Open(_folder.Path))!;

        Assert.That(exception.Message, Does.Contain(_folder.Path).And.Contain(exception.Expected).And.Contain(exception.Actual));
    }

    [Test]
    public void Open_IndexNested_ThrowsCheckpointFormatException()
    {
        File.WriteAllText(_folder[Index], """{"weight_map":{"a":""" + new string('[', 100_000));

        Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Open(_folder.Path));
    }

    [Test]
    public void Open_TensorInTwoShards_ThrowsCheckpointFormatException()
    {
        using var tensor = ones(1);
        SafetensorsWriter.Write(_folder["two.safetensors"], new Dictionary<string, Tensor> { ["a"] = tensor, ["c"] = tensor });
        File.WriteAllText(_folder[Index], """{"weight_map":{"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors"}}""");

        var exception = Assert.Throws<CheckpointFormatException>(() => CheckpointReader.Open(_folder.Path))!;

        Assert.That((exception.Key, Path.GetFileName(exception.Path)), Is.EqualTo(("a", "two.safetensors")));
    }

    [Test]
    public void Open_ShardMissing_ThrowsFileNotFound()
    {
        File.WriteAllText(_folder[Index], """{"weight_map":{"a":"none.safetensors"}}""");

        Assert.That(() => CheckpointReader.Open(_folder.Path), Throws.TypeOf<FileNotFoundException>().With.Message.Contains("none.safetensors"));
    }

    [Test]
    public void Open_FolderMissing_ThrowsDirectoryNotFound() =>
        Assert.That(() => CheckpointReader.Open(_folder["none"]), Throws.TypeOf<DirectoryNotFoundException>().With.Message.Contains(_folder["none"]));

    [Test]
    public void Open_FileMissing_ThrowsFileNotFound() =>
        Assert.That(() => CheckpointReader.Open(_folder["none.safetensors"]), Throws.TypeOf<FileNotFoundException>().With.Message.Contains("none.safetensors"));

    [Test]
    public void Open_FolderWithoutCheckpoint_ThrowsAndSaysWhatIsThere()
    {
        File.WriteAllText(_folder["pytorch_model.bin"], "");

        Assert.That(
            () => CheckpointReader.Open(_folder.Path),
            Throws.TypeOf<FileNotFoundException>().With.Message.Contains("model.safetensors").And.Message.Contains("pytorch_model.bin; convert it"));
    }
}
