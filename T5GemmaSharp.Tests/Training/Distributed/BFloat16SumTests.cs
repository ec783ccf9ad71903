using System.Runtime.InteropServices;
using NUnit.Framework;
using T5GemmaSharp.Training.Distributed.Mpi;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Distributed;

public sealed unsafe class BFloat16SumTests
{
    [Test]
    public void Add_NumbersOfAllSizes_AreRoundedAsTorchDoes()
    {
        using var scope = NewDisposeScope();
        var generator = new Generator(5);
        var (first, second) = (Numbers(generator), Numbers(generator));
        var expected = (first.to(ScalarType.Float32) + second.to(ScalarType.Float32)).to(ScalarType.BFloat16);
        var (from, to) = (Bits(first), Bits(second));
        var count = from.Length;
        delegate* unmanaged<void*, void*, int*, nint*, void> add = &BFloat16Sum.Add;
        fixed (short* input = from, output = to)
            add(input, output, &count, null);
        Assert.That(to, Is.EqualTo(Bits(expected)));
    }

    [Test]
    public void Add_NotANumberAndInfinity_StayWhatTheyAre()
    {
        const ushort infinity = 0x7F80, negativeInfinity = 0xFF80, notANumber = 0x7FFF;
        ushort[] from = [infinity, infinity, notANumber], to = [0x3F80, negativeInfinity, 0x3F80];
        var count = from.Length;
        delegate* unmanaged<void*, void*, int*, nint*, void> add = &BFloat16Sum.Add;
        fixed (ushort* input = from, output = to)
            add(input, output, &count, null);
        Assert.That(to, Is.EqualTo(new ushort[] { infinity, 0x7FC0, 0x7FC0 }));
    }

    private static Tensor Numbers(Generator generator)
        => (randn([4096], generator: generator) * randn([4096], generator: generator).mul(20).exp()).to(ScalarType.BFloat16);

    private static short[] Bits(Tensor values) => MemoryMarshal.Cast<byte, short>(values.bytes).ToArray();
}
