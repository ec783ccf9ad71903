using T5GemmaSharp.Training.Losses;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>How a teacher's file is written.</summary>
internal sealed record StoredTeacherOptions
{
    /// <summary>Tokens kept for each target.</summary>
    public int TopK { get; init; } = 64;

    /// <summary>Dtype of the logarithms: float16 or float32.</summary>
    public ScalarType DType { get; init; } = ScalarType.Float16;

    /// <summary>Epochs whose examples are read; examples that every epoch has alike need one.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Examples that go through the teacher together.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>Targets whose logits are in memory together.</summary>
    public int ChunkSize { get; init; } = new TokenLossOptions().ChunkSize;
}
