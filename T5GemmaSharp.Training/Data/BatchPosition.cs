namespace T5GemmaSharp.Training.Data;

/// <summary>A place in the sequence of batches.</summary>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="Batch">The batch within it, from 0.</param>
public readonly record struct BatchPosition(int Epoch, int Batch);
