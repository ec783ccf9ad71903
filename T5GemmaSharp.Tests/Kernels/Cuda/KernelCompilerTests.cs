using NUnit.Framework;
using T5GemmaSharp.Interop.Cuda;
using T5GemmaSharp.Kernels.Cuda;
using T5GemmaSharp.Kernels.Cuda.Decode;
using T5GemmaSharp.Quantization;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Training.Benchmarking;

namespace T5GemmaSharp.Tests.Kernels.Cuda;

/// <summary>The sources with NVRTC, which needs no device.</summary>
public sealed class KernelCompilerTests
{
    private ScratchFolder _folder = null!; // set before each test

    [SetUp]
    public void RequireCompiler()
    {
        if (Nvrtc.Instance is null)
            Assert.Ignore("NVRTC was not found.");
        _folder = new ScratchFolder();
    }

    [TearDown]
    public void DeleteFolder() => _folder?.Dispose();

    [TestCase("sm_90", 1, null)]
    [TestCase("sm_90", 8, null)]
    [TestCase("sm_80", 1, null)]
    [TestCase("sm_90", 1, "int8")]
    [TestCase("sm_90", 8, "int8")]
    [TestCase("sm_80", 1, "int4")]
    [TestCase("sm_90", 8, "int4")]
    public void Compile_Decode_GivesCodeOnceAndKeepsIt(string architecture, int rows, string? quantization)
    {
        var weights = quantization is null ? null : WeightQuantization.Parse(quantization);
        var constants = DecodeShape.For(PublishedShapes.Config("2b-2b").Decoder, rows, hasClusters: architecture == "sm_90", weights, out _)!.Constants();
        var cache = new CubinCache(_folder.Path);
        var code = KernelCompiler.Compile("decode.cu", architecture, constants, cache);
        Assert.That(code.Take(4), Is.EqualTo("\u007fELF"u8.ToArray()));
        Assert.That(_folder.FileNames, Has.Length.EqualTo(1));

        // What is kept is what is given: an entry with other code shows it.
        var key = Path.GetFileNameWithoutExtension(_folder.FileNames[0]);
        cache.Write(key, [1, 2, 3]);
        Assert.That(KernelCompiler.Compile("decode.cu", architecture, constants, cache), Is.EqualTo(new byte[] { 1, 2, 3 }));
    }

    [Test]
    public void Compile_UnknownArchitecture_NamesSourceCompilerAndOptions()
    {
        var constants = DecodeShape.For(PublishedShapes.Config("2b-2b").Decoder, rows: 1, hasClusters: true, quantization: null, out _)!.Constants();
        Assert.That(
            () => KernelCompiler.Compile("decode.cu", "sm_1", constants, new CubinCache(_folder.Path)),
            Throws.TypeOf<CudaException>().With.Message.Contains("decode.cu").And.Message.Contains($"NVRTC {Nvrtc.Instance!.Version}").And.Message.Contains("-arch=sm_1"));
        Assert.That(_folder.FileNames, Is.Empty);
    }

    [TestCase(0.5, "0.5f")]
    [TestCase(50, "50.f")]
    [TestCase(1e-6, "1E-06f")]
    public void Float_Number_IsWrittenAsCudaReadsIt(double value, string expected) => Assert.That(KernelCompiler.Float(value), Is.EqualTo(expected));
}
