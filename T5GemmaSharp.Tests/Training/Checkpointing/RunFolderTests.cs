using NUnit.Framework;
using T5GemmaSharp.Training.Checkpointing;

namespace T5GemmaSharp.Tests.Training.Checkpointing;

public sealed class RunFolderTests
{
    private string _before = "";
    private string _folder = "";

    [SetUp]
    public void EnterFolder()
    {
        _before = Environment.CurrentDirectory;
        _folder = Directory.CreateTempSubdirectory("runs-").FullName;
        Environment.CurrentDirectory = _folder;
    }

    [TearDown]
    public void LeaveFolder()
    {
        Environment.CurrentDirectory = _before;
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public void Reserve_NothingAskedFor_TakesTheFirstFreeNumber()
    {
        Assert.Multiple(() =>
        {
            Assert.That(RunFolder.Reserve(requested: null, "g2p"), Is.EqualTo(Path.Combine("runs", "g2p-1")));
            Assert.That(RunFolder.Reserve(requested: null, "g2p"), Is.EqualTo(Path.Combine("runs", "g2p-2")));
        });
        RunFolder.ReleaseIfEmpty(Path.Combine("runs", "g2p-1"));
        Assert.That(RunFolder.Reserve(requested: null, "g2p"), Is.EqualTo(Path.Combine("runs", "g2p-1")));
    }

    [Test]
    public void Reserve_FolderHoldsSomething_Throws()
    {
        Directory.CreateDirectory("full");
        File.WriteAllText(Path.Combine("full", "config.json"), "{}");
        Assert.That(() => RunFolder.Reserve("full", "g2p"), Throws.TypeOf<IOException>().With.Message.Contains("full: expected a folder that is new or empty"));
    }
}
