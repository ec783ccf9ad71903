using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Training.Generation;

namespace T5GemmaSharp.Tests.Training.Generation;

public sealed class AnswerFileTests
{
    private ScratchFolder _folder = null!; // set before each test

    [SetUp]
    public void CreateFolder() => _folder = new ScratchFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Commit_Lines_AppearOnlyThen()
    {
        using (var file = new AnswerFile(_folder["out"]))
        {
            file.WriteLine("é");
            file.Flush();
            Assert.That(_folder.FileNames, Has.None.EqualTo("out"));
            Assert.That(File.ReadAllText(file.PartialPath), Is.EqualTo("é\n"), "a crash loses nothing that was flushed");
            file.Commit();
        }

        Assert.That(_folder.FileNames, Is.EqualTo(new[] { "out" }));
        Assert.That(File.ReadAllBytes(_folder["out"]), Is.EqualTo("é\n"u8.ToArray()));
    }

    [Test]
    public void Dispose_NotCommitted_KeepsLinesAndTheOldFile()
    {
        File.WriteAllText(_folder["out"], "old");
        using (var file = new AnswerFile(_folder["out"]))
            file.WriteLine("new");
        using (new AnswerFile(_folder["out"]))
        {
            // nothing is written
        }

        Assert.That(File.ReadAllText(_folder["out"]), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(_folder.Path, "out.*.partial").Select(File.ReadAllText), Is.EqualTo(new[] { "new\n" }));
    }

    [Test]
    public void Commit_Link_StaysALink()
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("links need a privilege there");
        File.WriteAllText(_folder["target"], "old");
        File.CreateSymbolicLink(_folder["link"], _folder["target"]);
        using (var file = new AnswerFile(_folder["link"]))
        {
            file.WriteLine("new");
            file.Commit();
        }

        Assert.That(File.ReadAllText(_folder["target"]), Is.EqualTo("new\n"));
        Assert.That(new FileInfo(_folder["link"]).LinkTarget, Is.EqualTo(_folder["target"]));
    }

    [Test]
    public void Constructor_Device_IsRefused()
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("devices have other names there");
        Assert.That(() => new AnswerFile("/dev/null"), Throws.InstanceOf<IOException>().With.Message.Contains("it is a device"));
    }
}
