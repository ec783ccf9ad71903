using System.Runtime.InteropServices;
using NUnit.Framework;
using T5GemmaSharp.Interop;

namespace T5GemmaSharp.Tests.Interop;

[Platform(Include = "Linux")]
public sealed class LibTorchSharpLibraryTests
{
    private DirectoryInfo _folder = null!;   // set before each test

    [SetUp]
    public void CreateFolder()
    {
        TorchNative.EnsureLoaded();
        _folder = Directory.CreateTempSubdirectory("t5gemma-tests-");
    }

    [TearDown]
    public void DeleteFolder() => _folder.Delete(recursive: true);

    [Test]
    public void Load_FileAsShipped_HelpsOnlyWhereTheSystemIsOlder()
    {
        var (handle, cure) = LibTorchSharpLibrary.Load(AsShipped());

        using (Assert.EnterMultipleScope())
        {
            Assert.That(NativeLibrary.TryGetExport(handle, "THSTensor_dispose", out _), Is.True);
            Assert.That(cure, Is.EqualTo(LibTorchSharpFile.IsNewerThanSystem() ? SymbolVersionCure.Memory : SymbolVersionCure.NotNeeded));
        }
    }

    [Test]
    public void Load_FileThatIsNoLibrary_SaysWhichAndWhy()
    {
        var path = Path.Combine(_folder.FullName, LibTorchSharpFile.Name);
        File.WriteAllText(path, "not a library");
        Assert.That(() => LibTorchSharpLibrary.Load(path), Throws.TypeOf<TorchNativeException>().With.Message.Contains(path));
    }

    [Test]
    public void TryLoadFromFile_CacheFolder_WritesOneFileAndReplacesADamagedOne()
    {
        var image = LibTorchSharpLibrary.ReadWithWeakNeed(AsShipped(), new DllNotFoundException());
        var cache = Path.Combine(_folder.FullName, "cache");

        var loaded = LibTorchSharpLibrary.TryLoadFromFile(image, cache, out var handle);
        var file = Directory.GetFiles(cache, "*", SearchOption.AllDirectories).Single();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(loaded, Is.True);
            Assert.That(NativeLibrary.TryGetExport(handle, "THSTensor_dispose", out _), Is.True);
            Assert.That(Path.GetFileName(file), Is.EqualTo(LibTorchSharpFile.Name));
        }
        File.Delete(file);
        File.WriteAllBytes(file, image[..1000]);
        LibTorchSharpLibrary.TryLoadFromFile(image, cache, out _);
        Assert.That(File.ReadAllBytes(file), Is.EqualTo(image));
    }

    [Test]
    public void TryLoadFromFile_UnusableCacheFolder_LoadsFromATemporaryFolder()
    {
        var image = LibTorchSharpLibrary.ReadWithWeakNeed(AsShipped(), new DllNotFoundException());
        var notAFolder = Path.Combine(_folder.FullName, "file");
        File.WriteAllText(notAFolder, "");
        Assert.That(LibTorchSharpLibrary.TryLoadFromFile(image, Path.Combine(notAFolder, "cache"), out _), Is.True);
    }

    private string AsShipped()
    {
        var path = Path.Combine(_folder.FullName, LibTorchSharpFile.Name);
        File.WriteAllBytes(path, LibTorchSharpFile.AsShipped());
        return path;
    }
}
