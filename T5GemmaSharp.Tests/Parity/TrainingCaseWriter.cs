using System.Text.Json;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Parity;

/// <summary>Writes cases as <c>scripts/training_parity.py</c> does, with the losses of TorchSharp's own optimizer and clipping on whole batches.</summary>
internal static class TrainingCaseWriter
{
    private const int Labels = 5;

    private static readonly TrainingCase.CaseSettings Settings = new()
    {
        Steps = 20,
        LearningRate = 1e-3,
        Beta1 = 0.9,
        Beta2 = 0.999,
        Epsilon = 1e-8,
        WeightDecay = 0.1,
        MaxGradNorm = 1,
        WarmupSteps = 4,
    };

    public static void Write(ModelClass modelClass, ProblemType? problem, string folder)
    {
        using var scope = NewDisposeScope();
        var config = SampleModel.Config.WithNumLabels(problem == ProblemType.Regression ? 1 : Labels) with { ProblemType = problem };
        using var model = SampleModel.Random(modelClass, config, new() { Attention = AttentionImplementation.Eager });
        ModelClass.Save(model, Path.Combine(folder, TrainingCase.Model));
        using var generator = new Generator(seed: 11);
        var batches = Enumerable.Range(0, Settings.Steps).Select(_ => Draw(model, problem, generator)).ToList();
        SafetensorsWriter.Write(Path.Combine(folder, TrainingCase.Batches), batches.SelectMany(Named).ToDictionary());
        SafetensorsWriter.Write(Path.Combine(folder, TrainingCase.Losses), new Dictionary<string, Tensor> { ["losses"] = tensor(Train(model, batches)) });
        File.WriteAllText(Path.Combine(folder, TrainingCase.SettingsName), JsonSerializer.Serialize(Settings, TrainingCase.CaseSettings.Json));
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Named(T5GemmaInputs batch, int step) =>
        [new($"{step}.input_ids", batch.InputIds!), new($"{step}.attention_mask", batch.AttentionMask!.Mask!), new($"{step}.labels", batch.Labels!)]; // see Draw

    private static T5GemmaInputs Draw(nn.Module model, ProblemType? problem, Generator generator)
    {
        var lengths = randint(2, 9, [3], dtype: ScalarType.Int64, generator: generator);
        var mask = arange(lengths.max().item<long>()).unsqueeze(0).lt(lengths.unsqueeze(1)); // [3, S]
        var ids = randint(4, 60, mask.shape, dtype: ScalarType.Int64, generator: generator).masked_fill(mask.logical_not(), 0);
        var labels = (model, problem) switch
        {
            (T5GemmaForConditionalGeneration, _) => ids.masked_fill(mask.logical_not(), -100),
            (T5GemmaForTokenClassification, _) => ids.remainder(Labels).masked_fill(mask.logical_not(), -100),
            (_, ProblemType.SingleLabelClassification) => ids[.., 0].remainder(Labels),
            (_, ProblemType.MultiLabelClassification) => ids[.., ..1].add(arange(Labels)).remainder(3).eq(0).to(ScalarType.Float32),
            _ => ids[.., 0].to(ScalarType.Float32).div(10),
        };
        return new() { InputIds = ids, AttentionMask = mask.to(ScalarType.Int64), Labels = labels, UseCache = false };
    }

    private static float[] Train(nn.Module model, List<T5GemmaInputs> batches)
    {
        model.train();
        AdamW.ParamGroup Group(bool decays) => new(
            model.named_parameters().Where(pair => (pair.name.Contains("norm") || pair.name.EndsWith("bias")) != decays).Select(pair => pair.parameter).ToArray(),
            Settings.LearningRate, Settings.Beta1, Settings.Beta2, Settings.Epsilon, decays ? Settings.WeightDecay : 0);

        using var optimizer = optim.AdamW([Group(decays: true), Group(decays: false)]);
        var losses = new float[batches.Count];
        for (var step = 0; step < batches.Count; step++)
        {
            using var scope = NewDisposeScope();
            var factor = step < Settings.WarmupSteps ? (double)step / Settings.WarmupSteps : (double)(Settings.Steps - step) / (Settings.Steps - Settings.WarmupSteps);
            foreach (var group in optimizer.ParamGroups)
                group.LearningRate = Settings.LearningRate * factor;
            optimizer.zero_grad();
            var loss = ModelClass.Call(model, batches[step])[0]; // with labels the first tensor is the loss
            loss.backward();
            nn.utils.clip_grad_norm_(model.parameters().ToArray(), Settings.MaxGradNorm);
            optimizer.step();
            losses[step] = loss.item<float>();
        }

        return losses;
    }
}
