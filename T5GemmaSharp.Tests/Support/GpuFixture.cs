using NUnit.Framework;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Support;

/// <summary>Tests that need a CUDA device; elsewhere they are ignored. Each has a dispose scope of its own.</summary>
[Category("Gpu")]
public abstract class GpuFixture
{
    private DisposeScope? _scope;

    [SetUp]
    public void RequireCuda()
    {
        if (!cuda.is_available())
            Assert.Ignore("No CUDA device.");
        _scope = NewDisposeScope();
    }

    [TearDown]
    public void DisposeScope() => _scope?.Dispose();
}
