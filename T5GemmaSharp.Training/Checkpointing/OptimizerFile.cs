using T5GemmaSharp.Checkpoints;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Checkpointing;

/// <summary>Tensors of an optimizer in a file.</summary>
public sealed class OptimizerFile : IDisposable
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "optimizer.safetensors";

    private readonly SafetensorsFile _file;

    private OptimizerFile(SafetensorsFile file) => _file = file;

    /// <summary>Opens the file of a checkpoint.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="SafetensorsFormatException">The file is damaged.</exception>
    public static OptimizerFile Open(string folder) => new(SafetensorsFile.Open(Path.Combine(folder, FileName)));

    /// <summary>Copies a tensor of the file over one of the same shape and dtype.</summary>
    /// <param name="name">Name in the file.</param>
    /// <param name="target">Where to.</param>
    /// <exception cref="InvalidDataException">The tensor is missing or has another shape or dtype.</exception>
    public void CopyTo(string name, Tensor target)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (!_file.TryGetEntry(name, out _))
            throw new InvalidDataException($"{_file.Path}: expected a tensor {name}, there is none; it belongs to another model or optimizer");
        using var stored = _file.Read(name);
        if (stored.dtype != target.dtype || !stored.shape.AsSpan().SequenceEqual(target.shape))
            throw new InvalidDataException($"{_file.Path}: {name}: expected {target.dtype} [{string.Join(", ", target.shape)}], got {stored.dtype} [{string.Join(", ", stored.shape)}]");
        target.copy_(stored);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
