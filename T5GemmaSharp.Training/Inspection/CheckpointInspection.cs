using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling.Inputs;

namespace T5GemmaSharp.Training.Inspection;

/// <summary>What a checkpoint folder holds, and how that fits the model its configuration describes.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Architecture">Class that the keys are compared with.</param>
/// <param name="Config">The configuration.</param>
/// <param name="ParameterCount">Parameters of the model, tied ones once.</param>
/// <param name="Tensors">The stored tensors, in the order of the files.</param>
/// <param name="Memory">Memory need.</param>
/// <param name="Report">Key report.</param>
public sealed record CheckpointInspection(
    string Folder,
    string Architecture,
    T5GemmaConfig Config,
    long ParameterCount,
    IReadOnlyList<TensorSummary> Tensors,
    MemoryNeed Memory,
    LoadReport Report)
{
    private static readonly Dictionary<string, Func<string, PretrainedOptions, Loaded>> Loaders = new()
    {
        [nameof(T5GemmaForConditionalGeneration)] = (folder, options) => Read(T5GemmaForConditionalGeneration.FromPretrained(folder, options)),
        [nameof(T5GemmaForSequenceClassification)] = (folder, options) => Read(T5GemmaForSequenceClassification.FromPretrained(folder, options)),
        [nameof(T5GemmaForTokenClassification)] = (folder, options) => Read(T5GemmaForTokenClassification.FromPretrained(folder, options)),
        [nameof(T5GemmaModel)] = (folder, options) => Read(T5GemmaModel.FromPretrained(folder, options)),
        [nameof(T5GemmaEncoderModel)] = (folder, options) => Read(T5GemmaEncoderModel.FromPretrained(folder, options)),
    };

    /// <summary>Inspects a checkpoint. The weights are mapped, not read, unless their dtypes differ.</summary>
    /// <param name="folder">Folder with <c>config.json</c> and safetensors files.</param>
    /// <exception cref="IOException">A file is missing.</exception>
    /// <exception cref="FormatException">A file is damaged.</exception>
    /// <exception cref="NotSupportedException">The configuration names a class that this library does not have.</exception>
    public static CheckpointInspection Of(string folder)
    {
        var config = T5GemmaConfig.FromPretrained(folder);
        using var reader = CheckpointReader.Open(folder);
        var tensors = reader.Keys.Select(reader.GetEntry).Select(entry => new TensorSummary(entry.Name, entry.Shape, entry.DType.ToString().ToLowerInvariant())).ToList();

        var architecture = config.Architectures is [var first, ..] ? first : nameof(T5GemmaForConditionalGeneration);
        if (!Loaders.TryGetValue(architecture, out var load))
            throw new NotSupportedException($"{folder}: architectures: expected one of {string.Join(", ", Loaders.Keys)}, got {architecture}");
        var loaded = load(folder, new PretrainedOptions { Strictness = Strictness.Lenient });
        return new CheckpointInspection(folder, architecture, config, loaded.ParameterCount, tensors, MemoryNeed.Of(loaded.ParameterCount, config), loaded.Report);
    }

    /// <summary>The inspection for a person.</summary>
    public string ToText() => InspectionText.Write(this);

    /// <summary>The inspection for a program, on one line.</summary>
    public string ToJson() => InspectionJson.Write(this);

    private static Loaded Read<TOutput>(T5GemmaPreTrainedModel<T5GemmaInputs, TOutput> model)
    {
        using (model)
            return new Loaded(model.parameters().Sum(parameter => parameter.numel()) + (model.Quantized?.ReplacedElements ?? 0), model.LoadReport!); // set by every load
    }

    private sealed record Loaded(long ParameterCount, LoadReport Report);
}
