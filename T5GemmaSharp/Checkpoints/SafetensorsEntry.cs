using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints;

/// <summary>One tensor of a safetensors file: what it is and where its bytes lie.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="DType">The stored dtype.</param>
/// <param name="Shape">The sizes; empty for a scalar.</param>
/// <param name="OffsetInBytes">Where the data starts, counted from the start of the file.</param>
/// <param name="LengthInBytes">The length of the data.</param>
public sealed record SafetensorsEntry(
    string Name, ScalarType DType, IReadOnlyList<long> Shape, long OffsetInBytes, long LengthInBytes)
{
    /// <summary>The number of elements; 1 for a scalar.</summary>
    public long ElementCount => LengthInBytes / SafetensorsDType.SizeInBytes(DType);
}
