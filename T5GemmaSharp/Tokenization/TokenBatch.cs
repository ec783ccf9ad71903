using static TorchSharp.torch;

namespace T5GemmaSharp.Tokenization;

/// <summary>Encoded texts as one padded batch. The tensors belong to the caller.</summary>
/// <param name="InputIds">Token ids [B, S], int64, on the CPU.</param>
/// <param name="AttentionMask">1 for tokens and 0 for padding [B, S], int64, on the CPU.</param>
public sealed record TokenBatch(Tensor InputIds, Tensor AttentionMask);
