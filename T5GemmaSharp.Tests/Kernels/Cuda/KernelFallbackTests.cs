using NUnit.Framework;
using T5GemmaSharp.Interop.Cuda;
using T5GemmaSharp.Kernels.Cuda;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Kernels.Cuda;

public sealed class KernelFallbackTests
{
    [Test]
    public void Try_Made_HasNoReason()
    {
        Assert.That(KernelFallback.Try(() => "made", out var reason), Is.EqualTo("made"));
        Assert.That(reason, Is.Null);
    }

    [Test]
    public void Try_CudaFails_SaysWhat()
    {
        Assert.That(KernelFallback.Try<string>(() => throw new CudaException("cuModuleLoadData failed"), out var reason), Is.Null);
        Assert.That(reason, Is.EqualTo("cuModuleLoadData failed"));
    }

    [Test]
    public void Try_TorchRunsOutOfMemory_SaysSoInOneLine()
    {
        Assert.That(KernelFallback.Try<string>(() => throw new LibtorchFault("CUDA out of memory. Tried to allocate 2.00 GiB.\nException raised from malloc"), out var reason), Is.Null);
        Assert.That(reason, Is.EqualTo("too little memory: CUDA out of memory. Tried to allocate 2.00 GiB."));
    }

    [Test]
    public void Try_AnotherFault_IsThrown()
        => Assert.That(() => KernelFallback.Try<string>(() => throw new LibtorchFault("The size of tensor a must match"), out _), Throws.TypeOf<LibtorchFault>());
}
