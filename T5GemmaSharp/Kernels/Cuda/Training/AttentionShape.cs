namespace T5GemmaSharp.Kernels.Cuda.Training;

/// <summary>Sizes and constants of an attention.</summary>
/// <param name="Heads">Query heads H.</param>
/// <param name="KeyHeads">Heads K of keys and values.</param>
/// <param name="HeadSize">Size E of a head.</param>
/// <param name="Queries">Queries T.</param>
/// <param name="Keys">Keys S.</param>
/// <param name="Scale">Factor of the scores.</param>
/// <param name="Cap">Soft-cap of the scores; null: none.</param>
internal readonly record struct AttentionShape(long Heads, long KeyHeads, long HeadSize, long Queries, long Keys, double Scale, double? Cap);
