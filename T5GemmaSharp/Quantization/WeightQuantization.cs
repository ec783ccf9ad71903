using System.Globalization;
using System.Text.Json.Serialization;

namespace T5GemmaSharp.Quantization;

/// <summary>How the decoder's matrices are stored as integers. Activations stay as they are: only weights are quantized.</summary>
/// <remarks>
/// The projections of self-attention, those for queries and outputs of cross-attention, the feed-forward matrices and the head are quantized, all that a step of decoding
/// reads. The encoder, norms, embeddings, and the keys and values of cross-attention, which are computed once a source, keep their dtype.
/// </remarks>
[JsonConverter(typeof(WeightQuantizationConverter))]
public sealed record WeightQuantization
{
    private const int DefaultGroupSize = 64;

    private WeightQuantization(int bits, int? groupSize) => (Bits, GroupSize) = (bits, groupSize);

    /// <summary>8 bits, symmetric: integers from -127 to 127 times a float32 scale of each output row.</summary>
    public static WeightQuantization EightBit { get; } = new(bits: 8, groupSize: null);

    /// <summary>4 bits in groups of 64, see <see cref="FourBitInGroups"/>: 4.25 bits a weight.</summary>
    public static WeightQuantization FourBit { get; } = FourBitInGroups(DefaultGroupSize);

    /// <summary>Bits of a weight: 8 or 4.</summary>
    public int Bits { get; }

    /// <summary>Neighbouring inputs of an output row that share a scale; null: all of the row.</summary>
    public int? GroupSize { get; }

    /// <summary>4 bits: integers from -8 to 7 times a bfloat16 scale of each group, which is searched for the least squared error.</summary>
    /// <param name="groupSize">32, 64 or 128 neighbouring inputs of an output row.</param>
    /// <exception cref="ArgumentOutOfRangeException">The group has another size.</exception>
    public static WeightQuantization FourBitInGroups(int groupSize)
        => groupSize is 32 or 64 or 128 ? new(bits: 4, groupSize) : throw new ArgumentOutOfRangeException(nameof(groupSize), groupSize, "groupSize: expected 32, 64 or 128");

    /// <summary>Reads <c>int8</c>, <c>int4</c>, or <c>int4-32</c>, <c>int4-64</c> and <c>int4-128</c> with the size of the groups.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">It is another text.</exception>
    public static WeightQuantization Parse(string text) => text switch
    {
        "int8" => EightBit,
        "int4" => FourBit,
        "int4-32" => FourBitInGroups(32),
        "int4-64" => FourBitInGroups(64),
        "int4-128" => FourBitInGroups(128),
        _ => throw new FormatException($"quantization: expected int8, int4, int4-32, int4-64 or int4-128, got {text}"),
    };

    /// <summary>The text that <see cref="Parse"/> reads, with the size of the groups.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"int{Bits}{(GroupSize is { } size ? $"-{size}" : string.Empty)}");
}
