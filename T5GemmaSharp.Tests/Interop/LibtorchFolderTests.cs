using NUnit.Framework;
using T5GemmaSharp.Interop;

namespace T5GemmaSharp.Tests.Interop;

public sealed class LibtorchFolderTests
{
    private DirectoryInfo _root = null!;   // set before each test

    [SetUp]
    public void CreateFolder() => _root = Directory.CreateTempSubdirectory("t5gemma-tests-");

    [TearDown]
    public void DeleteFolder() => _root.Delete(recursive: true);

    [Test]
    public void FromVariable_MissingFolder_NamesItAndTheVariable()
    {
        var missing = Path.Combine(_root.FullName, "missing");
        Assert.That(() => LibtorchFolder.FromVariable(missing, application: null),
            Throws.TypeOf<TorchNativeException>().With.Message.Contains(missing).And.Message.Contains("T5GEMMA_LIBTORCH"));
    }

    [Test]
    public void FromVariable_FolderWithoutLibtorch_NamesTheMissingFile()
        => Assert.That(() => LibtorchFolder.FromVariable(_root.FullName, application: null),
            Throws.TypeOf<TorchNativeException>().With.Message.Contains(LibtorchFolder.FileName("c10")));

    [Test]
    public void FromVariable_ParentOfLibtorch_PointsToTheRightFolder()
    {
        var library = CreateLibtorch("lib");
        Assert.That(() => LibtorchFolder.FromVariable(_root.FullName, application: null),
            Throws.TypeOf<TorchNativeException>().With.Message.Contains($"Set it to '{library}'"));
    }

    [Test]
    public void FromVariable_ApplicationHasAnotherCopy_IsRefused()
    {
        var application = new LibtorchFolder(CreateLibtorch("app"), LibtorchOrigin.Application);
        var other = CreateLibtorch("other");
        Assert.That(() => LibtorchFolder.FromVariable(other, application),
            Throws.TypeOf<TorchNativeException>().With.Message.Contains(other).And.Message.Contains(application.Path).And.Message.Contains("TorchBackend=none"));
    }

    [Test]
    public void FromVariable_ApplicationHasLinksToTheSameCopy_IsTheApplications()
    {
        var real = CreateLibtorch("real");
        var application = Directory.CreateDirectory(Path.Combine(_root.FullName, "app")).FullName;
        var name = LibtorchFolder.FileName("torch_cpu");
        File.CreateSymbolicLink(Path.Combine(application, name), Path.Combine(real, name));
        var own = new LibtorchFolder(application, LibtorchOrigin.Application);
        Assert.That(LibtorchFolder.FromVariable(real, own), Is.SameAs(own));
    }

    [Test]
    public void FromVariable_UsableFolder_IsTaken()
    {
        var folder = CreateLibtorch("lib");
        Assert.That(LibtorchFolder.FromVariable(folder, application: null), Is.EqualTo(new LibtorchFolder(folder, LibtorchOrigin.EnvironmentVariable)));
    }

    [Test]
    public void FindIn_SeveralFolders_TakesTheFirstThatHasLibtorch()
    {
        var folder = CreateLibtorch("second");
        Assert.That(LibtorchFolder.FindIn([_root.FullName, folder])?.Path, Is.EqualTo(folder));
        Assert.That(LibtorchFolder.FindIn([_root.FullName]), Is.Null);
    }

    [Test]
    public void Load_FileThatIsNoLibrary_NamesIt()
    {
        var folder = new LibtorchFolder(CreateLibtorch("lib"), LibtorchOrigin.EnvironmentVariable);
        Assert.That(folder.Load, Throws.TypeOf<TorchNativeException>().With.Message.Contains(Path.Combine(folder.Path, LibtorchFolder.FileName("c10"))));
    }

    private string CreateLibtorch(string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_root.FullName, name)).FullName;
        foreach (var library in new[] { "c10", "torch_cpu", "torch" })
            File.WriteAllText(Path.Combine(folder, LibtorchFolder.FileName(library)), "empty");
        return folder;
    }
}
