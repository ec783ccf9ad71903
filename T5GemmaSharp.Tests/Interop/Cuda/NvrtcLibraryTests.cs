using NUnit.Framework;
using T5GemmaSharp.Interop.Cuda;
using T5GemmaSharp.Tests.Checkpoints;

namespace T5GemmaSharp.Tests.Interop.Cuda;

/// <summary>Where the search looks, in folders laid out as the packages do it on Linux.</summary>
[Platform("Linux")]
public sealed class NvrtcLibraryTests
{
    private ScratchFolder _folder = null!; // set before each test

    [SetUp]
    public void CreateFolder() => _folder = new ScratchFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Folders_PackagesOfPyTorch_HaveIt()
    {
        var libtorch = Lay("torch/lib", "libtorch_cuda.so", "libtorch_cpu.so");
        Lay("nvidia/cublas/lib", "libcublas.so.12");
        Lay("nvidia/cuda_nvrtc/lib", "libnvrtc.so.12", "libnvrtc.alt.so.12", "libnvrtc-builtins.so.12.8");
        Lay("nvidia/cu13/lib", "libnvrtc.so.13", "libnvrtc.alt.so.13", "libnvrtc-builtins.so.13.0", "libnvrtc-builtins.alt.so.13.0");
        Assert.That(Found(libtorch), Is.EqualTo(new[] { "nvidia/cuda_nvrtc/lib/libnvrtc.so.12", "nvidia/cu13/lib/libnvrtc.so.13" }));
    }

    [Test]
    public void Folders_PackageOfTorchSharp_HasItBesideLibtorch()
    {
        var libtorch = Lay("runtimes/linux-x64/native", "libtorch_cuda.so", "libnvrtc-1ea278b5.so.12", "libnvrtc-builtins.so");
        Assert.That(Found(libtorch), Is.EqualTo(new[] { "runtimes/linux-x64/native/libnvrtc-1ea278b5.so.12" }));
    }

    [Test]
    public void Folders_LibtorchWithoutCuda_HaveNone() => Assert.That(Found(Lay("torch/lib", "libtorch_cpu.so")), Is.Empty);

    [Test]
    public void In_MissingFolder_IsEmpty() => Assert.That(NvrtcLibrary.In(_folder["missing"]), Is.Empty);

    private string[] Found(string libtorch)
        => [.. NvrtcLibrary.Folders(libtorch).SelectMany(NvrtcLibrary.In).Select(path => Path.GetRelativePath(_folder.Path, Path.GetFullPath(path)))];

    private string Lay(string folder, params string[] files)
    {
        var path = Directory.CreateDirectory(_folder[folder]).FullName;
        foreach (var file in files)
            File.WriteAllText(Path.Combine(path, file), "empty");
        return path;
    }
}
