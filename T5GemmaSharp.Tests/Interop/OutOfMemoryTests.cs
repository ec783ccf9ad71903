using NUnit.Framework;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Interop;

public sealed class OutOfMemoryTests
{
    private static readonly TestCaseData[] Cases =
    [
        new(new LibtorchFault("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.10 GiB\nException raised from malloc"), true),
        new(new LibtorchFault("[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 1099511627776 bytes."), true),
        new(new LibtorchFault("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), true),
        new(new TorchOperatorException("aten::rms_norm", "CUDA out of memory."), true),
        new(new InsufficientMemoryException("a weight does not fit"), true),
        new(new LibtorchFault("The size of tensor a (3) must match the size of tensor b (4)"), false),
        new(new InvalidOperationException("out of memory"), false), // not of libtorch
    ];

    [TestCaseSource(nameof(Cases))]
    public void IsIn_Message_IsTold(Exception exception, bool expected) => Assert.That(OutOfMemory.IsIn(exception), Is.EqualTo(expected));

    [Test]
    public void IsIn_WhatLibtorchSays_IsTold()
    {
        var fault = Assert.Catch(() => TorchSharp.torch.empty(1L << 45).Dispose()); // 128 TiB
        Assert.That(OutOfMemory.IsIn(fault!), Is.True, fault!.Message);
        Assert.That(OutOfMemory.Cause(fault), Does.Not.Contain('\n'));
    }
}
