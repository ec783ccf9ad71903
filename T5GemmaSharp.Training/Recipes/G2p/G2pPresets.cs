using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Optimization;

namespace T5GemmaSharp.Training.Recipes.G2p;

/// <summary>The presets of the recipe.</summary>
public static class G2pPresets
{
    /// <summary>About three minutes on two CPU cores.</summary>
    public static G2pPreset Small { get; } = new(
        "small",
        new G2pModelOptions(),
        new TrainingOptions
        {
            Steps = 2000,
            BatchSize = 64,
            LearningRate = 2e-3,
            WarmupSteps = 100,
            Schedule = LearningRateSchedule.Linear,
            ReportSteps = 100,
            EvaluationSteps = 1000,
        },
        new TokenLossOptions());

    /// <summary>For a GPU.</summary>
    public static G2pPreset Base { get; } = new(
        "base",
        new G2pModelOptions { HiddenSize = 256, Layers = 4, IntermediateSize = 1024, Dropout = 0.1 },
        new TrainingOptions
        {
            Steps = 20_000,
            BatchSize = 1024,
            LearningRate = 1e-3,
            WarmupSteps = 1000,
            ReportSteps = 200,
            EvaluationSteps = 2000,
        },
        new TokenLossOptions { LabelSmoothing = 0.1 });

    /// <summary>All presets.</summary>
    public static IReadOnlyList<G2pPreset> All { get; } = [Small, Base];
}
