using NUnit.Framework;
using T5GemmaSharp.Training.Checkpointing;

namespace T5GemmaSharp.Tests.Training.Checkpointing;

public sealed class AtomicFolderTests
{
    private string _parent = "";

    [SetUp]
    public void CreateFolder() => _parent = Directory.CreateTempSubdirectory("atomic-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_parent, recursive: true);

    private string Target => Path.Combine(_parent, "run");

    [TestCase(true)]
    [TestCase(false)]
    public void Write_NewOrEmptyFolder_HoldsTheFilesAndNothingElseRemains(bool reserved)
    {
        if (reserved)
            Directory.CreateDirectory(Target);
        AtomicFolder.Write(Target, folder => File.WriteAllText(Path.Combine(folder, "a"), "text"));
        Assert.Multiple(() =>
        {
            Assert.That(File.ReadAllText(Path.Combine(Target, "a")), Is.EqualTo("text"));
            Assert.That(Directory.GetFileSystemEntries(_parent), Has.Length.EqualTo(1));
        });
    }

    [Test]
    public void Write_Failure_LeavesNothingBehind()
    {
        Assert.That(() => AtomicFolder.Write(Target, Fail), Throws.TypeOf<IOException>().With.Message.EqualTo("disk full"));
        Assert.That(Directory.GetFileSystemEntries(_parent), Is.Empty);

        static void Fail(string folder)
        {
            File.WriteAllText(Path.Combine(folder, "half"), "");
            throw new IOException("disk full");
        }
    }

    [Test]
    public void Write_FolderHoldsSomething_LeavesItAlone()
    {
        Directory.CreateDirectory(Target);
        File.WriteAllText(Path.Combine(Target, "old"), "");
        Assert.That(() => AtomicFolder.Write(Target, _ => { }), Throws.InstanceOf<IOException>());
        Assert.Multiple(() =>
        {
            Assert.That(File.Exists(Path.Combine(Target, "old")), Is.True);
            Assert.That(Directory.GetFileSystemEntries(_parent), Has.Length.EqualTo(1));
        });
    }
}
