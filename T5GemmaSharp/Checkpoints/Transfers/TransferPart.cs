namespace T5GemmaSharp.Checkpoints.Transfers;

/// <summary>A stored tensor that is to be moved.</summary>
/// <param name="Path">Its file.</param>
/// <param name="OffsetInBytes">Where it starts there.</param>
/// <param name="LengthInBytes">Its length.</param>
/// <param name="ElementSize">Bytes of an element, which is never cut.</param>
internal readonly record struct TransferPart(string Path, long OffsetInBytes, long LengthInBytes, int ElementSize);
