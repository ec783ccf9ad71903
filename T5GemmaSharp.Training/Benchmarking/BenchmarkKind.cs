namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>What is measured.</summary>
internal enum BenchmarkKind
{
    /// <summary>The encoder reads a batch.</summary>
    Encode,

    /// <summary>A batch is read and answered.</summary>
    Decode,

    /// <summary>Steps of training on a batch.</summary>
    Train,

    /// <summary>A checkpoint folder becomes a model that has been used once.</summary>
    Load,
}
