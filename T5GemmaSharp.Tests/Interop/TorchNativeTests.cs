using NUnit.Framework;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Tests.Support;
using TorchSharp;

namespace T5GemmaSharp.Tests.Interop;

public sealed class TorchNativeTests
{
    private const string UsableHere = "TorchNativeTests.Describe_AfterLoading_TellsWhereFrom";

    [Test]
    public void Describe_AfterLoading_TellsWhereFrom()
    {
        TorchNative.EnsureLoaded();
        using var ones = torch.ones(3);
        var info = TorchNative.Describe();
        var expected = Environment.GetEnvironmentVariable(TorchNative.FolderVariable) is { Length: > 0 } ? LibtorchOrigin.EnvironmentVariable : LibtorchOrigin.Application;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ones.sum().item<float>(), Is.EqualTo(3f));
            Assert.That(info.Origin, Is.EqualTo(expected));
            Assert.That(File.Exists(Path.Combine(info.Folder ?? "", LibtorchFolder.FileName("torch_cpu"))), Is.True, info.Folder);
            Assert.That(info.Version, Is.GreaterThanOrEqualTo(new Version(2, 9)));
            Assert.That(info.ToString(), Does.Contain(info.Version?.ToString()).And.Contain(info.Folder));
        }
    }

    [Test]
    public void RequireCuda_WithoutCuda_SaysWhy()
    {
        if (torch.cuda.is_available())
            Assert.Ignore("This machine has CUDA.");
        var reason = TorchNative.ExplainCudaUnavailable();
        Assert.That(reason, Does.StartWith("CUDA "));
        Assert.That(() => TorchNative.RequireCuda(), Throws.TypeOf<CudaUnavailableException>().With.Message.EqualTo(reason));
    }

    [Test, Category("Gpu")]
    public void RequireCuda_DeviceBeyondTheLast_SaysHowManyThereAre()
    {
        if (!torch.cuda.is_available())
            Assert.Ignore("This machine has no CUDA.");
        TorchNative.RequireCuda();
        Assert.That(TorchNative.Describe().HasCuda, Is.True);
        Assert.That(() => TorchNative.RequireCuda(99), Throws.TypeOf<CudaUnavailableException>().With.Message.Contains("99"));
    }

    [Test, Platform(Include = "Linux")]
    public void Install_ChildProcessWithTheLibraryAsShipped_LoadsIt()
    {
        using var copy = CopyWithLibraryAsShipped();
        copy.LinkLibtorch();
        var (exitCode, output) = copy.Run(UsableHere, libtorch: null);
        Assert.That(exitCode, Is.Zero, output);
    }

    [Test, Platform(Include = "Linux")]
    public void Install_ChildProcessWithLibtorchFromTheVariable_LoadsIt()
    {
        using var copy = CopyWithLibraryAsShipped();
        var (exitCode, output) = copy.Run(UsableHere, TestProgramCopy.LoadedLibtorchFolder());
        Assert.That(exitCode, Is.Zero, output);
    }

    [Test, Platform(Include = "Linux")]
    public void Install_ChildProcessWithTwoCopiesOfLibtorch_StopsWithTheReason()
    {
        using var copy = CopyWithLibraryAsShipped();
        File.Copy(Path.Combine(AppContext.BaseDirectory, "T5GemmaSharp.dll"), Path.Combine(copy.NativeFolder, "libtorch_cpu.so"));
        var (exitCode, output) = copy.Run(UsableHere, TestProgramCopy.LoadedLibtorchFolder());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exitCode, Is.Not.Zero);
            Assert.That(output, Does.Contain(nameof(TorchNativeException)).And.Contain("brings its own libtorch").And.Contain(copy.NativeFolder));
        }
    }

    [Test, Platform(Include = "Linux")]
    public void EnsureLoaded_ChildProcessWithoutLibtorch_StopsWithTheReason()
    {
        using var copy = CopyWithLibraryAsShipped();
        var (exitCode, output) = copy.Run(UsableHere, libtorch: null);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exitCode, Is.Not.Zero);
            Assert.That(output, Does.Contain("No libtorch").And.Contain("T5GEMMA_LIBTORCH is not set"));
        }
    }

    private static TestProgramCopy CopyWithLibraryAsShipped()
    {
        TorchNative.EnsureLoaded();
        var copy = new TestProgramCopy();
        File.WriteAllBytes(Path.Combine(copy.NativeFolder, LibTorchSharpFile.Name), LibTorchSharpFile.AsShipped());
        return copy;
    }
}
