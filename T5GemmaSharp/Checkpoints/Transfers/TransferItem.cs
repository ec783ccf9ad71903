using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints.Transfers;

/// <summary>A stored tensor and the one that takes its values.</summary>
/// <param name="File">The file.</param>
/// <param name="Entry">What is stored.</param>
/// <param name="Target">A contiguous tensor of the same shape and any dtype.</param>
internal sealed record TransferItem(SafetensorsFile File, SafetensorsEntry Entry, Tensor Target)
{
    /// <summary>Whether its bytes are the stored ones.</summary>
    public bool IsSameDType => Target.dtype == Entry.DType;

    public TransferPart Part => new(File.Path, Entry.OffsetInBytes, Entry.LengthInBytes, SafetensorsDType.SizeInBytes(Entry.DType));
}
