using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Quantization;

/// <summary>Rounds rows of float32 weights to integers and scales.</summary>
internal static class IntegerRounding
{
    /// <summary>What is added to 4-bit integers, so that they are stored without a sign.</summary>
    public const int Offset = 8;

    private const int Largest8 = 127;

    // Scales from which the search for 4 bits starts: the largest weight of a group at -8, or somewhat beyond or before the end of the range.
    private const int SearchSteps = 7;
    private const double SearchStep = 0.25;

    /// <summary>8 bits with a scale a row: the largest weight becomes 127.</summary>
    /// <param name="rows">[rows, in], float32.</param>
    /// <returns>int8 [rows, in], float32 [rows].</returns>
    public static (Tensor Values, Tensor Scales) Rows(Tensor rows)
    {
        using var scope = NewDisposeScope();
        var scales = rows.abs().amax([1]) / Largest8;
        var values = (rows * Inverse(scales).unsqueeze(1)).round().clamp(-Largest8, Largest8);
        return (scope.MoveToOuter(values.to(ScalarType.Int8)), scope.MoveToOuter(scales));
    }

    /// <summary>4 bits with a scale a group: of several scales, each improved by least squares, the one that loses least.</summary>
    /// <param name="rows">[rows, in], float32, an even number of inputs.</param>
    /// <param name="groupSize">Inputs of a group.</param>
    /// <returns>Packed integers [rows, in / 2], uint8, and scales [rows, groups], bfloat16.</returns>
    public static (Tensor Values, Tensor Scales) Groups(Tensor rows, int groupSize)
    {
        using var scope = NewDisposeScope();
        var (count, inputs) = (rows.size(0), rows.size(1));
        var groups = (inputs + groupSize - 1) / groupSize;
        var padded = groups * groupSize == inputs ? rows : nn.functional.pad(rows, [0, (groups * groupSize) - inputs]);
        var weights = padded.reshape(count, groups, groupSize);
        var extreme = weights.gather(2, weights.abs().argmax(2, keepdim: true)); // with its sign
        Tensor? best = null, least = null;
        for (var step = -SearchSteps; step <= SearchSteps; step++)
        {
            using var candidate = NewDisposeScope();
            var integers = Integers(weights, AsStored(extreme / -(Offset + (step * SearchStep))));
            var divisor = integers.square().sum(2, keepdim: true);
            var scales = AsStored((weights * integers).sum(2, keepdim: true) * Inverse(divisor));
            var lost = (weights - (Integers(weights, scales) * scales)).square().sum(2, keepdim: true);
            var isBetter = least is null ? null : lost < least;
            best = candidate.MoveToOuter(isBetter is null ? scales : torch.where(isBetter, scales, best!)); // set with the least
            least = candidate.MoveToOuter(isBetter is null ? lost : torch.where(isBetter, lost, least!)); // set before
        }
        var values = Integers(weights, best!).reshape(count, groups * groupSize).narrow(1, 0, inputs) + Offset; // there is at least one step
        return (scope.MoveToOuter(Pack(values.to(ScalarType.Byte))), scope.MoveToOuter(best!.squeeze(2).to(ScalarType.BFloat16)));
    }

    /// <summary>Two numbers below 16 a byte, the earlier in the lower half.</summary>
    /// <param name="numbers">[rows, in], uint8, an even number of inputs.</param>
    /// <returns>[rows, in / 2], uint8.</returns>
    public static Tensor Pack(Tensor numbers)
    {
        using var scope = NewDisposeScope();
        var pairs = numbers.reshape(numbers.size(0), -1, 2);
        return scope.MoveToOuter(pairs.select(2, 0) + (pairs.select(2, 1) * 16));
    }

    /// <summary>The numbers that <see cref="Pack"/> was given.</summary>
    public static Tensor Unpack(Tensor packed)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(torch.stack([packed.bitwise_and(15), packed.div(16, RoundingMode.floor)], dim: 2).reshape(packed.size(0), -1));
    }

    private static Tensor Integers(Tensor weights, Tensor scales) => (weights * Inverse(scales)).round().clamp(-Offset, Offset - 1);

    private static Tensor AsStored(Tensor scales) => scales.to(ScalarType.BFloat16).to(ScalarType.Float32);

    // 0 where there is nothing to divide: a row of zeros.
    private static Tensor Inverse(Tensor numbers) => torch.where(numbers == 0, torch.zeros_like(numbers), numbers.reciprocal());
}
