using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints;

/// <summary>A tensor to be written, whose values need not exist before their turn.</summary>
/// <param name="DType">Its dtype.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Read">Gives it. What it makes is freed when it is written; what others own stays theirs.</param>
internal readonly record struct TensorSource(ScalarType DType, IReadOnlyList<long> Shape, Func<Tensor> Read)
{
    /// <summary>Number of elements.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>The bytes that it takes in a file.</summary>
    public long SizeInBytes => ElementCount * SafetensorsDType.SizeInBytes(DType);

    /// <summary>A tensor that is there.</summary>
    public static TensorSource Of(Tensor tensor) => new(tensor.dtype, tensor.shape, () => tensor);

    /// <summary>A tensor whose values are written piece by piece: <see cref="SafetensorsWriter.Begin"/>.</summary>
    public static TensorSource InPieces(ScalarType dtype, IReadOnlyList<long> shape)
        => new(dtype, shape, () => throw new InvalidOperationException("expected a tensor that is written in pieces, it was asked for as a whole"));

    /// <summary>A tensor of a checkpoint.</summary>
    public static TensorSource Of(CheckpointReader reader, string key)
    {
        var entry = reader.GetEntry(key);
        return new(entry.DType, entry.Shape, () => reader.Read(key));
    }
}
