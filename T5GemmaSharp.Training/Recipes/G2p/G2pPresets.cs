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

    /// <summary>For a GPU, about seven minutes on an H100: the model of <c>weights/g2p</c>.</summary>
    public static G2pPreset Base { get; } = new(
        "base",
        new G2pModelOptions { HiddenSize = 256, Layers = 4, IntermediateSize = 416, Dropout = 0.1 },
        new TrainingOptions
        {
            Steps = 6100,
            BatchSize = 1024,
            LearningRate = 1e-3,
            WarmupSteps = 600,
            ReportSteps = 200,
            EvaluationSteps = 2000,
        },
        new TokenLossOptions { LabelSmoothing = 0.1 });

    /// <summary>All presets.</summary>
    public static IReadOnlyList<G2pPreset> All { get; } = [Small, Base];
}
