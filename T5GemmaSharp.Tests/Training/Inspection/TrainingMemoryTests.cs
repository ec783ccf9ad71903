using NUnit.Framework;
using T5GemmaSharp.Interop.Cuda;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Inspection;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Inspection;

public sealed class TrainingMemoryTests
{
    [TestCase(ScalarType.Float32, 4, 4, 8)]
    [TestCase(ScalarType.BFloat16, 2, 2 + 4, 8 + 2)]
    public void Of_AdamW_HasExactWeightsGradientsAndState(ScalarType dtype, int weights, int gradients, int state)
    {
        using var model = TinyTask.CreateModel();
        model.to(dtype);
        using var optimizer = new AdamW(model.named_parameters(), new AdamWOptions());
        var task = new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples));
        var memory = TrainingMemory.Of(task, optimizer, TinyTask.Options with { MicroBatchSize = 2 });
        var count = model.parameters().Sum(parameter => parameter.numel());
        var buffers = model.buffers().Sum(buffer => buffer.numel() * buffer.ElementSize);
        var counters = sizeof(long) * (model.parameters().Count() + 1); // of each parameter's updates, and of the steps
        Assert.That((memory.Weights - buffers, memory.Gradients, memory.OptimizerState), Is.EqualTo((weights * count, gradients * count, (state * count) + counters)));
    }

    [Test]
    public void Of_MicroBatches_CountsTheLargestOfTheFirstStep()
    {
        using var model = TinyTask.CreateModel();
        using var optimizer = new Sgd(model.named_parameters(), new SgdOptions());
        var task = new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples));
        var longest = new ExampleLength(TinyTask.Examples.Max(example => example.InputIds.Length), TinyTask.Examples.Max(example => example.Labels.Length));
        var whole = TrainingMemory.Of(task, optimizer, TinyTask.Options with { BatchSize = TinyTask.Examples.Count });
        var halves = TrainingMemory.Of(task, optimizer, TinyTask.Options with { BatchSize = TinyTask.Examples.Count, MicroBatchSize = TinyTask.Examples.Count / 2 });
        Assert.That(whole.Activations, Is.EqualTo(task.ActivationBytes(TinyTask.Examples.Count, longest)));
        Assert.That(halves.Activations, Is.LessThan(whole.Activations));
    }

    [Test]
    public void Of_GradientsReleased_CountsThoseOfOneLayerAndOneTable()
    {
        using var model = SampleModel.RandomLM();
        using var optimizer = new Sgd(model.named_parameters(), new SgdOptions());
        var task = new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples), isSegmented: true);
        var memory = TrainingMemory.Of(task, optimizer, TinyTask.Options with { ReleasesGradients = true, MaxGradientNorm = 0 });
        var layer = model.Model.Encoder.Layers.Concat<nn.Module>(model.Model.Decoder.Layers).Max(module => module.parameters().Sum(parameter => parameter.numel()));
        var table = Math.Max(model.Model.Encoder.EmbedTokens.weight!.numel(), model.Model.Decoder.EmbedTokens.weight!.numel());
        Assert.That(memory.Gradients, Is.EqualTo(sizeof(float) * (layer + table)));
    }

    [Test]
    public void AvailableMemory_Device_IsWhatIsFreeAndWhatTheTrainingHolds()
    {
        var need = new TrainingMemory(Weights: 2 << 20, Gradients: 1 << 20, OptimizerState: 2 << 20, Activations: 3 << 20);
        var available = AvailableMemory.Of(new DeviceMemory(Free: 3 << 20, Total: 16 << 20), need.Held)!.Value; // others have 9 MiB
        Assert.Multiple(() =>
        {
            Assert.That(available.Bytes, Is.EqualTo(7 << 20));
            Assert.That(need.Warning(available), Does.Contain("the device of 16 MiB has 7 MiB for it"));
            Assert.That((need with { Activations = 2 << 20 }).Warning(available), Is.Null);
            Assert.That(AvailableMemory.Of(memory: null, need.Held), Is.Null, "without a driver nobody can tell");
        });
    }

    [Test]
    public void Warning_NeedBeyondTheMachine_SaysWhatLowersIt()
    {
        var large = new TrainingMemory(Weights: 1 << 20, Gradients: 1 << 20, OptimizerState: 2 << 20, Activations: 0);
        Assert.Multiple(() =>
        {
            Assert.That(large.Warning(new AvailableMemory("the machine", 4 << 20)), Is.Null);
            Assert.That(large.Warning(new AvailableMemory("the machine", 3 << 20)), Does.StartWith("training needs about 4 MiB of memory (weights 1 MiB + gradients 1 MiB + optimizer 2 MiB), the machine has 3 MiB for it; --lora-r, --optimizer Adafactor"));
            Assert.That((large with { Activations = 1 << 30 }).Warning(new AvailableMemory("the machine", 3 << 20)), Does.Contain("activations about 1 GiB").And.Contain("for it; a smaller --micro-batch-size").And.Contain("--gradient-checkpointing"));
            Assert.That((large with { Activations = 1 << 20 }).ToString(), Is.EqualTo("memory: weights 1 MiB + gradients 1 MiB + optimizer 2 MiB + activations about 1 MiB = 5 MiB"));
        });
    }
}
