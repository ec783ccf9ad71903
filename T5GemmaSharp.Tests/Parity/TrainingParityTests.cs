using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Parity;

[Category("Parity")]
public sealed class TrainingParityTests
{
    private const double GradientTolerance = 1e-4;
    private const double LossTolerance = 1e-4;
    private const double NormTolerance = 1e-3;
    private const int Steps = 25;
    private const int WarmupSteps = 5;
    private const double LearningRate = 3e-3;

    private static IEnumerable<TestCaseData> Folders(string group) =>
        ParityFolder.All.Where(folder => folder.Has($"{group}.")).Select(folder => new TestCaseData(folder).SetName($"{group}_{folder}"));

    [TestCaseSource(nameof(Folders), new object[] { "grad" })]
    public void Backward_EveryParameter_EqualsReference(object source)
    {
        var folder = (ParityFolder)source;
        using var scope = NewDisposeScope();
        using var model = LoadForTraining(folder);
        using var output = NewDisposeScope();
        var loss = model.call(Batch(folder, "grad")).Loss!;
        TensorAssert.RelativelyClose(loss.item<float>(), folder.Read("grad.loss").item<float>(), 1e-5, "loss");
        loss.backward();

        var expected = folder.Keys.Where(key => key.StartsWith("grad.param.", StringComparison.Ordinal))
            .ToDictionary(key => key["grad.param.".Length..], folder.Read);
        var norm = Math.Sqrt(expected.Values.Sum(gradient => Math.Pow(gradient.norm().item<float>(), 2)));
        Assert.That(model.named_parameters().Select(pair => pair.name), Is.EquivalentTo(expected.Keys));
        foreach (var (name, parameter) in model.named_parameters())
        {
            var error = (parameter.grad! - expected[name]).norm().item<float>();
            // Some gradients are zero in exact arithmetic and rounding noise in the file; they are judged by the size of all gradients together.
            var relative = error / Math.Max(expected[name].norm().item<float>(), 1e-3 * norm);
            Assert.That(relative <= GradientTolerance, Is.True, $"{name}: relative error {relative}"); // NUnit would take NaN as small
            ParityErrors.Record("grad (relative norm)", folder.Name, relative);
        }
    }

    [TestCaseSource(nameof(Folders), new object[] { "train" })]
    public void Train_AdamW25Steps_EqualsReference(object source)
    {
        var folder = (ParityFolder)source;
        using var scope = NewDisposeScope();
        using var model = LoadForTraining(folder);
        using var optimizer = torch.optim.AdamW(model.parameters().ToArray(), LearningRate, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0.1);
        var (losses, norms) = (folder.Read("train.losses").cpu().data<float>().ToArray(), folder.Read("train.grad_norms").cpu().data<float>().ToArray());
        for (var step = 0; step < Steps; step++)
        {
            using var stepScope = NewDisposeScope();
            foreach (var group in optimizer.ParamGroups)
                group.LearningRate = LearningRate * Factor(step);
            optimizer.zero_grad();
            var loss = model.call(Batch(folder, $"train.{step}")).Loss!;
            loss.backward();
            var norm = nn.utils.clip_grad_norm_(model.parameters().ToArray(), 1.0);
            optimizer.step();
            ParityErrors.Record("train losses (relative)", folder.Name, TensorAssert.RelativelyClose(loss.item<float>(), losses[step], LossTolerance, $"loss of step {step}"));
            ParityErrors.Record("train grad norms (relative)", folder.Name, TensorAssert.RelativelyClose(norm, norms[step], NormTolerance, $"gradient norm of step {step}"));
        }
    }

    private static double Factor(int step) =>
        step < WarmupSteps ? (double)step / WarmupSteps : (1 + Math.Cos(Math.PI * (step - WarmupSteps) / (Steps - WarmupSteps))) / 2;

    private static T5GemmaInputs Batch(ParityFolder folder, string group) => new()
    {
        InputIds = folder.Read($"{group}.input_ids"),
        AttentionMask = folder.Read($"{group}.attention_mask"),
        Labels = folder.Read($"{group}.labels"),
    };

    private static T5GemmaForConditionalGeneration LoadForTraining(ParityFolder folder)
    {
        var model = T5GemmaForConditionalGeneration.FromPretrained(folder.Checkpoint("lm"),
            new PretrainedOptions { Device = ParityFolder.Device, Attention = AttentionImplementation.Eager });
        model.train();
        return model;
    }
}
