namespace T5GemmaSharp.Training.Inspection;

/// <summary>One tensor of a checkpoint.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Shape">Its sizes; empty for a scalar.</param>
/// <param name="DType">Its stored dtype, in lower case.</param>
public sealed record TensorSummary(string Name, IReadOnlyList<long> Shape, string DType);
