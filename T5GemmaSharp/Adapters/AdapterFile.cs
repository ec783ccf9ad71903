using T5GemmaSharp.Checkpoints;

namespace T5GemmaSharp.Adapters;

/// <summary>The file with an adapter's parameters.</summary>
internal static class AdapterFile
{
    private const string Pickle = "adapter_model.bin";
    private const string InnerLayer = ".base_layer.";

    /// <summary>Opens the file of a folder.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="NotSupportedException">A layer is adapted inside of a module that is saved in full.</exception>
    public static CheckpointReader Open(string folder)
    {
        var path = Path.Combine(folder, LoraAdapter.FileName);
        if (!File.Exists(path) && File.Exists(Path.Combine(folder, Pickle)))
            throw new FileNotFoundException($"{path}: expected this file, got {Pickle}; convert it with PEFT's save_pretrained, which writes safetensors", path);
        var reader = CheckpointReader.Open(path);
        if (reader.Keys.FirstOrDefault(key => key.Contains(InnerLayer, StringComparison.Ordinal)) is not { } inner)
            return reader;
        reader.Dispose();
        throw new NotSupportedException($"{path}: {inner}: expected layers that are either adapted or saved in full, this one is adapted inside of a module that is saved in full, as PEFT does for target_modules \"all-linear\" with the task TOKEN_CLS; train with named target modules, or merge the adapter with PEFT");
    }
}
