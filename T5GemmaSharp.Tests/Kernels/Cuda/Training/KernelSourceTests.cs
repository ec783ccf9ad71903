using NUnit.Framework;
using T5GemmaSharp.Interop.Cuda;
using T5GemmaSharp.Kernels.Cuda;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Training;

/// <summary>The sources compile wherever there is a compiler, with or without a device.</summary>
public sealed class KernelSourceTests
{
    [Test]
    public void Compile_EverySource_Succeeds([Values("optimizer.cu", "loss.cu", "attention.cu", "elementwise.cu", "sampling.cu")] string source, [Values("sm_80", "sm_90")] string architecture)
    {
        if (Nvrtc.Instance is null)
            Assert.Ignore("NVRTC was not found.");
        var folder = Path.Combine(TestContext.CurrentContext.WorkDirectory, Path.GetRandomFileName());
        try
        {
            var code = KernelCompiler.Compile(source, architecture, new Dictionary<string, string> { ["V"] = "256000" }, new CubinCache(folder));
            Assert.That(code, Is.Not.Empty);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
