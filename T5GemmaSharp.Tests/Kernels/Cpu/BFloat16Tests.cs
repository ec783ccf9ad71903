using System.Runtime.Intrinsics;
using NUnit.Framework;
using T5GemmaSharp.Kernels;
using T5GemmaSharp.Kernels.Cpu;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cpu;

public sealed unsafe class BFloat16Tests
{
    private const int Patterns = 1 << 16;

    private static float[] Singles()
    {
        var random = new Random(3);
        var bits = Enumerable.Range(0, 200_000).Select(_ => (uint)random.NextInt64(1L << 32)).ToList();
        foreach (var upper in Enumerable.Range(0, Patterns).Select(upper => (uint)upper << 16)) // each bfloat16 itself, a tie, and its neighbours
            bits.AddRange([upper, upper | 0x7FFF, upper | 0x8000, upper | 0x8001, upper | 0xFFFF]);
        return [.. bits.Select(BitConverter.UInt32BitsToSingle)];
    }

    [Test]
    public void FromSingle_EveryKindOfNumber_EqualsTorchsConversion()
    {
        using var scope = NewDisposeScope();
        var singles = Singles();
        var converted = tensor(singles).to(ScalarType.BFloat16);
        var expected = new ReadOnlySpan<ushort>((void*)TensorMemory.Pointer(converted), singles.Length);
        for (var index = 0; index < singles.Length; index++)
        {
            var actual = Bits(BFloat16.FromSingle(singles[index]));
            // torch itself writes one NaN or another, depending on the processor's instructions.
            if (float.IsNaN(singles[index]))
                Assert.That(float.IsNaN(BFloat16.ToSingle(new(actual))) && float.IsNaN(BFloat16.ToSingle(new(expected[index]))), Is.True);
            else if (actual != expected[index])
                Assert.Fail($"{BitConverter.SingleToUInt32Bits(singles[index]):X8}: expected {expected[index]:X4}, got {actual:X4}");
        }
    }

    [Test]
    public void ToSingle_EveryPattern_ComesBack()
    {
        for (var bits = 0; bits < Patterns; bits++)
        {
            var single = BFloat16.ToSingle(new((ushort)bits));
            Assert.That(BitConverter.SingleToUInt32Bits(single), Is.EqualTo((uint)bits << 16));
            if (!float.IsNaN(single))
                Assert.That(Bits(BFloat16.FromSingle(single)), Is.EqualTo(bits));
        }
    }

    [Test]
    public void Load_EveryPattern_EqualsToSingle()
    {
        var all = Enumerable.Range(0, Patterns).Select(bits => new BFloat16((ushort)bits)).ToArray();
        fixed (BFloat16* first = all)
        {
            for (var start = 0; start + Vector512<float>.Count <= Patterns; start += 7) // seldom aligned
            {
                var loaded = BFloat16.Load(first + start).AsUInt32();
                for (var lane = 0; lane < Vector512<float>.Count; lane++)
                    Assert.That(loaded[lane], Is.EqualTo(BitConverter.SingleToUInt32Bits(BFloat16.ToSingle(all[start + lane]))));
            }
        }
    }

    private static ushort Bits(BFloat16 value) => *(ushort*)&value;
}
