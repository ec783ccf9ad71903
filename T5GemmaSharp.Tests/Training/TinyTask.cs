using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Recipes.G2p;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Tests.Training;

/// <summary>A model of a few thousand parameters and a few words to learn by heart.</summary>
internal static class TinyTask
{
    public static readonly G2pRecipe Recipe = G2pRecipe.Load();

    public static readonly IReadOnlyList<PronunciationEntry> Words = [.. Recipe.Words(DataSplit.Train).Where(entry => entry.Word.Length is 3 or 4 && entry.Pronunciations.Count == 1).Take(16)];

    public static readonly IReadOnlyList<Seq2SeqExample> Examples = Recipe.Encode(Words);

    public static TrainingOptions Options => new() { Steps = 60, BatchSize = 8, LearningRate = 5e-3, WarmupSteps = 5, ReportSteps = 10, Seed = 3 };

    public static T5GemmaForConditionalGeneration CreateModel(double dropout = 0)
    {
        TorchSharp.torch.manual_seed(7);
        return T5GemmaForConditionalGeneration.FromConfig(
            Recipe.CreateConfig(new G2pModelOptions { HiddenSize = 32, Heads = 2, Layers = 1, IntermediateSize = 48, Dropout = dropout }),
            new PretrainedOptions());
    }

    public static TrainingResult Train(
        T5GemmaForConditionalGeneration model,
        TrainingOptions options,
        TrainingHooks? hooks = null,
        TokenLossOptions? loss = null,
        CancellationToken cancellation = default)
    {
        using var optimizer = new AdamW(model.named_parameters(), options.Optimizer);
        return new Trainer(new Seq2SeqTask(model, new Seq2SeqExamples(Examples), loss), options).Run(optimizer, hooks, start: null, cancellation);
    }
}
