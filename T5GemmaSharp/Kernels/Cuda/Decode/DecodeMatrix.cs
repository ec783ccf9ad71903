namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>Where a matrix lies.</summary>
/// <param name="Weights">Address of its weights.</param>
/// <param name="Scales">Address of their scales; 0: bf16 weights have none.</param>
internal readonly record struct DecodeMatrix(nint Weights, nint Scales);
