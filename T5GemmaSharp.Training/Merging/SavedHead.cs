using T5GemmaSharp.Adapters;
using T5GemmaSharp.Checkpoints;

namespace T5GemmaSharp.Training.Merging;

/// <summary>The classification head of a folder, or of an adapter, which brings its own along since its base model may have none.</summary>
/// <param name="ModelClass">The class of model that the folder, or the adapter's task, names; null: it names none.</param>
/// <param name="Options">What the model, or the adapter's base model, is to be loaded with.</param>
internal sealed record SavedHead(string? ModelClass, PretrainedOptions Options)
{
    private const string Weight = "base_model.model.score.out_proj.weight";

    /// <summary>Reads the folder of a model, or of an adapter of it.</summary>
    /// <param name="model">Folder of the model.</param>
    /// <param name="adapter">Folder of the adapter; null: there is none.</param>
    /// <exception cref="IOException">A file is missing.</exception>
    public static SavedHead Of(string model, string? adapter) => adapter is not null
        ? OfAdapter(adapter)
        : new SavedHead(T5GemmaConfig.FromPretrained(model).Architectures is [var first, ..] ? first : null, new PretrainedOptions());

    /// <summary>Reads the folder of an adapter.</summary>
    /// <remarks>Beside an adapter that <c>train</c> has written lies a configuration with the names of the classes; one that PEFT has written tells their number only.</remarks>
    /// <exception cref="IOException">A file is missing.</exception>
    public static SavedHead OfAdapter(string adapter)
    {
        var modelClass = LoraTask.ModelClass(LoraConfig.FromPretrained(adapter).TaskType);
        if (modelClass is not null && File.Exists(Path.Combine(adapter, T5GemmaConfig.FileName)) && T5GemmaConfig.FromPretrained(adapter) is var config && config.Architectures?.Contains(modelClass) == true)
            return new(modelClass, new PretrainedOptions { Id2Label = config.Id2Label, NumLabels = config.NumLabels, ProblemType = config.ProblemType, IsEncoderDecoder = config.IsEncoderDecoder });
        using var reader = AdapterFile.Open(adapter);
        return new(modelClass, new PretrainedOptions { NumLabels = reader.TryGetEntry(Weight, out var head) && head.Shape is [var rows, _] ? (int)rows : null });
    }
}
