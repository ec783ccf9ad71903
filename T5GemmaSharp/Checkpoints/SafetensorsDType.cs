using System.Collections.Frozen;
using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints;

/// <summary>The dtypes of the safetensors format.</summary>
internal static class SafetensorsDType
{
    private readonly record struct DType(string Name, ScalarType Type, int SizeInBytes, int Rank);

    // Ranked as Hugging Face's writer ranks them: it lays out higher ranks first, so that every tensor starts at a multiple of its element size.
    private static readonly DType[] Supported =
    [
        new("BOOL", ScalarType.Bool, SizeInBytes: 1, Rank: 0),
        new("U8", ScalarType.Byte, SizeInBytes: 1, Rank: 1),
        new("I8", ScalarType.Int8, SizeInBytes: 1, Rank: 2),
        new("I16", ScalarType.Int16, SizeInBytes: 2, Rank: 3),
        new("F16", ScalarType.Float16, SizeInBytes: 2, Rank: 4),
        new("BF16", ScalarType.BFloat16, SizeInBytes: 2, Rank: 5),
        new("I32", ScalarType.Int32, SizeInBytes: 4, Rank: 6),
        new("F32", ScalarType.Float32, SizeInBytes: 4, Rank: 7),
        new("F64", ScalarType.Float64, SizeInBytes: 8, Rank: 8),
        new("I64", ScalarType.Int64, SizeInBytes: 8, Rank: 9),
    ];

    private static readonly FrozenSet<string> Unsupported = FrozenSet.ToFrozenSet(
    [
        "F4", "F6_E2M3", "F6_E3M2", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "U16", "U32", "U64", "C64",
    ]);

    private static readonly FrozenDictionary<string, DType> ByName = Supported.ToFrozenDictionary(dtype => dtype.Name);
    private static readonly FrozenDictionary<ScalarType, DType> ByType = Supported.ToFrozenDictionary(dtype => dtype.Type);

    public static string SupportedNames { get; } = string.Join(", ", Supported.Select(dtype => dtype.Name));

    public static bool IsSupported(ScalarType type) => ByType.ContainsKey(type);

    /// <summary>True for names that the format defines and TorchSharp has no dtype for.</summary>
    public static bool IsKnownButUnsupported(string name) => Unsupported.Contains(name);

    public static bool TryParse(string name, out ScalarType type)
    {
        var found = ByName.TryGetValue(name, out var dtype);
        type = dtype.Type;
        return found;
    }

    public static string Name(ScalarType type) => ByType[type].Name;

    public static int SizeInBytes(ScalarType type) => ByType[type].SizeInBytes;

    public static int Rank(ScalarType type) => ByType[type].Rank;
}
