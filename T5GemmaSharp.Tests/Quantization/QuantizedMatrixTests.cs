using NUnit.Framework;
using T5GemmaSharp.Quantization;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Quantization;

/// <summary>What rounding a matrix loses, and how it is stored.</summary>
public sealed class QuantizedMatrixTests
{
    private DisposeScope _scope = null!; // set before each test

    private static WeightQuantization[] FourBits { get; } = [WeightQuantization.FourBitInGroups(32), WeightQuantization.FourBit, WeightQuantization.FourBitInGroups(128)];

    [SetUp]
    public void OpenScope()
    {
        _scope = NewDisposeScope();
        torch.manual_seed(3);
    }

    [TearDown]
    public void CloseScope() => _scope.Dispose();

    [Test]
    public void Quantize_EightBits_LosesHalfAScaleAtMost()
    {
        var weight = torch.randn(70, 300) * torch.rand(70, 1);
        using var matrix = QuantizedMatrix.Quantize(weight, WeightQuantization.EightBit, out var error);
        var lost = (matrix.Dequantize(ScalarType.Float32) - weight).abs();
        Assert.That((lost / (weight.abs().amax([1], keepdim: true) / 127)).max().item<float>(), Is.LessThanOrEqualTo(0.5 + 1e-4));
        Assert.That(error, Is.EqualTo(lost.norm().item<float>() / weight.norm().item<float>()).Within(1e-6).And.LessThan(0.01));
        Assert.That((matrix.Values.dtype, matrix.Scales.dtype), Is.EqualTo((ScalarType.Int8, ScalarType.Float32)));
        Assert.That(matrix.SizeInBytes, Is.EqualTo((70 * 300) + (70 * 4)));
    }

    [TestCaseSource(nameof(FourBits))]
    public void Quantize_FourBits_LosesLessThanRoundingByTheLargest(WeightQuantization quantization)
    {
        var weight = torch.randn(40, 384) * torch.rand(40, 1);
        using var matrix = QuantizedMatrix.Quantize(weight, quantization, out var error);
        var groups = weight.reshape(40, -1, quantization.GroupSize!.Value);
        var scales = groups.abs().amax([2], keepdim: true) / 7;
        var plain = ((groups / scales).round() * scales).reshape(40, 384);
        var (own, others) = (Relative(matrix.Dequantize(ScalarType.Float32), weight), Relative(plain, weight));
        Assert.That(own, Is.EqualTo(error).Within(1e-6));
        Assert.That(own, Is.LessThan(0.85 * others).And.GreaterThan(0.05));
        Assert.That(matrix.SizeInBytes, Is.EqualTo((40 * 384 / 2) + (40 * 384 / quantization.GroupSize.Value * 2)));
    }

    [TestCaseSource(nameof(FourBits))]
    public void Quantize_FourBitsOfWhatFourBitsHold_LosesNothing(WeightQuantization quantization)
    {
        var size = quantization.GroupSize!.Value;
        var integers = torch.randint(-8, 8, [6, 2 * size + 10], dtype: ScalarType.Int64).to(ScalarType.Float32); // the last group is shorter
        for (var start = 0; start < integers.size(1); start += size)
            integers[TensorIndex.Ellipsis, start] = -8;
        var weight = integers * 0.375;
        using var matrix = QuantizedMatrix.Quantize(weight, quantization, out var error);
        TensorAssert.Close(matrix.Dequantize(ScalarType.Float32), weight, 0, "weight");
        Assert.That(error, Is.Zero);
    }

    [Test]
    public void Quantize_RowsOfZeros_StayZeros([Values(8, 4)] int bits)
    {
        var weight = torch.randn(5, 64);
        weight[2].zero_();
        using var matrix = QuantizedMatrix.Quantize(weight, bits == 8 ? WeightQuantization.EightBit : WeightQuantization.FourBit, out _);
        var dequantized = matrix.Dequantize(ScalarType.Float32);
        Assert.That(dequantized[2].abs().max().item<float>(), Is.Zero);
        Assert.That(dequantized[1].abs().max().item<float>(), Is.GreaterThan(1));
    }

    [Test]
    public void Quantize_OddInputsInFourBits_SaysWhatIsNeeded()
        => Assert.That(() => QuantizedMatrix.Quantize(torch.ones(2, 33), WeightQuantization.FourBit, out _), Throws.TypeOf<NotSupportedException>().With.Message.Contains("33 inputs"));

    [Test]
    public void Pack_Numbers_PutsTheEarlierInTheLowerHalf()
    {
        var packed = IntegerRounding.Pack(torch.tensor(new byte[,] { { 1, 2, 15, 0 }, { 7, 8, 9, 10 } }));
        Assert.That(packed.data<byte>().ToArray(), Is.EqualTo(new byte[] { 0x21, 0x0f, 0x87, 0xa9 }));
    }

    [Test]
    public void Unpack_PackedNumbers_AreTheNumbers()
    {
        var numbers = torch.randint(0, 16, [7, 50], dtype: ScalarType.Byte);
        TensorAssert.Close(IntegerRounding.Unpack(IntegerRounding.Pack(numbers)), numbers, 0, "numbers");
    }

    [Test]
    public void Multiply_SeveralPortions_EqualsTheDequantizedMatrix([Values("int8", "int4")] string kind)
    {
        var quantization = WeightQuantization.Parse(kind);
        var weight = torch.randn(20_000, 512); // more than a portion
        using var matrix = QuantizedMatrix.Quantize(weight, quantization, out _);
        var states = torch.randn(3, 2, 512);
        TensorAssert.Close(matrix.Multiply(states), nn.functional.linear(states, matrix.Dequantize(ScalarType.Float32)), 1e-3, "products");
    }

    [TestCase("int8", 8, null)]
    [TestCase("int4-64", 4, 64)]
    [TestCase("int4-128", 4, 128)]
    public void Parse_Text_IsWhatToStringGives(string text, int bits, int? groupSize)
    {
        var quantization = WeightQuantization.Parse(text);
        Assert.That((quantization.Bits, quantization.GroupSize, quantization.ToString()), Is.EqualTo((bits, groupSize, text)));
    }

    [Test]
    public void Parse_OtherText_SaysWhatIsExpected() => Assert.That(() => WeightQuantization.Parse("fp8"), Throws.TypeOf<FormatException>().With.Message.Contains("expected int8, int4").And.Message.Contains("fp8"));

    [Test]
    public void FourBitInGroups_OtherSize_IsRefused() => Assert.That(() => WeightQuantization.FourBitInGroups(48), Throws.TypeOf<ArgumentOutOfRangeException>());

    private static double Relative(Tensor actual, Tensor expected) => ((actual - expected).norm() / expected.norm()).item<float>();
}
