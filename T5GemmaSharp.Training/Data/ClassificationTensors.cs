using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Data;

/// <summary>A batch of labelled texts as tensors.</summary>
/// <param name="InputIds">Ids of the texts [B, T], int64.</param>
/// <param name="AttentionMask">1 for tokens, 0 for padding [B, T], int64.</param>
/// <param name="Labels">As the model takes them: class ids [B], int64; values [B, C], float32; or class ids of tokens [B, T], int64, -100 where there is none.</param>
public sealed record ClassificationTensors(Tensor InputIds, Tensor AttentionMask, Tensor Labels);
