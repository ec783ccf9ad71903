using T5GemmaSharp.Adapters;
using T5GemmaSharp.Checkpoints;

namespace T5GemmaSharp.Training.Merging;

/// <summary>What an adapter says of the classification head that it brings along, since its base model may have none.</summary>
/// <param name="ModelClass">The class of model that its task names; null: it names none.</param>
/// <param name="Options">What the base model is to be loaded with.</param>
internal sealed record AdapterHead(string? ModelClass, PretrainedOptions Options)
{
    private const string Weight = "base_model.model.score.out_proj.weight";

    /// <summary>Reads the folder of an adapter.</summary>
    /// <remarks>Beside an adapter that <c>train</c> has written lies a configuration with the names of the classes; one that PEFT has written tells their number only.</remarks>
    /// <exception cref="IOException">A file is missing.</exception>
    public static AdapterHead Of(string adapter)
    {
        var modelClass = LoraTask.ModelClass(LoraConfig.FromPretrained(adapter).TaskType);
        if (modelClass is not null && File.Exists(Path.Combine(adapter, T5GemmaConfig.FileName)) && T5GemmaConfig.FromPretrained(adapter) is var config && config.Architectures?.Contains(modelClass) == true)
            return new(modelClass, new PretrainedOptions { Id2Label = config.Id2Label, NumLabels = config.NumLabels, ProblemType = config.ProblemType, IsEncoderDecoder = config.IsEncoderDecoder });
        using var reader = AdapterFile.Open(adapter);
        return new(modelClass, new PretrainedOptions { NumLabels = reader.TryGetEntry(Weight, out var head) && head.Shape is [var rows, _] ? (int)rows : null });
    }
}
