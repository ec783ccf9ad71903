using T5GemmaSharp.Checkpoints;

namespace T5GemmaSharp.Adapters;

/// <summary>The file with an adapter's parameters.</summary>
internal static class AdapterFile
{
    private const string Pickle = "adapter_model.bin";

    /// <summary>Opens the file of a folder.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static CheckpointReader Open(string folder)
    {
        var path = Path.Combine(folder, LoraAdapter.FileName);
        if (!File.Exists(path) && File.Exists(Path.Combine(folder, Pickle)))
            throw new FileNotFoundException($"{path}: expected this file, got {Pickle}; convert it with PEFT's save_pretrained, which writes safetensors", path);
        return CheckpointReader.Open(path);
    }
}
