using System.Text.Json;
using System.Text.Json.Serialization;
using T5GemmaSharp.Training.Losses;

namespace T5GemmaSharp.Training.Checkpointing;

/// <summary>What the course of a run depends on.</summary>
public static class RunIdentity
{
    // These change what is told of a run and when, and the memory it takes, not where it goes.
    private static readonly HashSet<string> Free =
    [
        nameof(TrainingOptions.ReportSteps), nameof(TrainingOptions.EvaluationSteps), nameof(TrainingOptions.CheckpointSteps), nameof(TrainingOptions.Stopping), nameof(TrainingOptions.ReleasesGradients),
    ];

    /// <summary>The settings by name.</summary>
    /// <param name="options">Settings of the trainer.</param>
    /// <param name="loss">Settings of the loss.</param>
    /// <param name="data">A fingerprint of the examples.</param>
    public static IReadOnlyDictionary<string, string> Of(TrainingOptions options, TokenLossOptions loss, string data)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loss);
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["data"] = data };
        all.AddMembers(JsonSerializer.SerializeToElement(options, RunIdentityJson.Default.TrainingOptions), Free);
        all.AddMembers(JsonSerializer.SerializeToElement(loss, RunIdentityJson.Default.TokenLossOptions), Free, "Loss.");
        return all;
    }
}

/// <summary>JSON of the settings.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(TrainingOptions))]
[JsonSerializable(typeof(TokenLossOptions))]
internal sealed partial class RunIdentityJson : JsonSerializerContext;
