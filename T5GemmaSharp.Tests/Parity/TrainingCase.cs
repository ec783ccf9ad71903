using System.Text.Json;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Optimization;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Parity;

/// <summary>A folder of <c>scripts/training_parity.py</c>: an untrained model, the batch of every step, the settings, and the loss that each step had there.</summary>
internal sealed class TrainingCase : IDisposable
{
    /// <summary>Names of what a folder holds.</summary>
    public const string Model = "model", Batches = "batches.safetensors", Losses = "losses.safetensors", SettingsName = "settings.json";

    private readonly SafetensorsFile _batches;

    private TrainingCase(string folder, SafetensorsFile batches, CaseSettings settings)
        => (Folder, _batches, Settings) = (folder, batches, settings);

    public string Folder { get; }

    public CaseSettings Settings { get; }

    public string ModelFolder => Path.Combine(Folder, Model);

    public static TrainingCase Open(string folder) => new(
        folder,
        SafetensorsFile.Open(Path.Combine(folder, Batches)),
        JsonSerializer.Deserialize<CaseSettings>(File.ReadAllText(Path.Combine(folder, SettingsName)), CaseSettings.Json)!); // no file holds null

    /// <summary>The batch of a step; the tensors belong to the caller's dispose scope.</summary>
    public T5GemmaInputs Batch(int step) => new()
    {
        InputIds = _batches.Read($"{step}.input_ids"),
        AttentionMask = _batches.Read($"{step}.attention_mask"),
        Labels = _batches.Read($"{step}.labels"),
        UseCache = false,
    };

    public float[] ReadLosses()
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(Path.Combine(Folder, Losses));
        return file.Read("losses").data<float>().ToArray();
    }

    /// <summary>The settings of a trainer that takes a whole batch a step.</summary>
    public TrainingOptions Options(int rows) => new()
    {
        Steps = Settings.Steps,
        BatchSize = rows,
        LearningRate = Settings.LearningRate,
        WarmupSteps = Settings.WarmupSteps,
        Schedule = LearningRateSchedule.Linear,
        Optimizer = new() { Beta1 = Settings.Beta1, Beta2 = Settings.Beta2, Epsilon = Settings.Epsilon, WeightDecay = Settings.WeightDecay },
        MaxGradientNorm = Settings.MaxGradNorm,
        ReportSteps = 1,
    };

    public void Dispose() => _batches.Dispose();

    /// <summary>The settings as the file has them.</summary>
    internal sealed record CaseSettings
    {
        public static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow };

        public required int Steps { get; init; }

        public required double LearningRate { get; init; }

        public required double Beta1 { get; init; }

        public required double Beta2 { get; init; }

        public required double Epsilon { get; init; }

        public required double WeightDecay { get; init; }

        public required double MaxGradNorm { get; init; }

        public required int WarmupSteps { get; init; }
    }
}
