using System.Globalization;
using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Inspection;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Recipes.G2p;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Inspection;

public sealed class TrainingMemoryTests
{
    // A formula over the tensors' shapes; what the allocator keeps for later is not in it.
    private const double Factor = 2;

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

    [TestCase(false, 192, 192, 16)]
    [TestCase(true, 192, 192, 40)]
    [TestCase(false, 256, 16, 16)]
    [TestCase(false, 16, 256, 16)]
    [Platform("Linux", Reason = "The peak is read from /proc.")]
    public void ActivationBytes_MeasuredPeakOfAPass_IsWithinTheFactor(bool isSegmented, int source, int target, int rows)
    {
        using var model = T5GemmaForConditionalGeneration.FromConfig(
            TinyTask.Recipe.CreateConfig(new G2pModelOptions { HiddenSize = 64, Heads = 4, Layers = 3, IntermediateSize = 256, Dropout = 0 }));
        model.train();
        Seq2SeqExample example = new([.. Enumerable.Repeat(7, source)], [.. Enumerable.Repeat(8, target)]);
        var task = new Seq2SeqTask(model, new Seq2SeqExamples([.. Enumerable.Repeat(example, rows)]), isSegmented: isSegmented);
        var batch = task.Prepare(epoch: 0, [.. Enumerable.Range(0, rows)]);
        Pass(); // libraries and gradients are there afterwards
        NativeHeap.Trim();
        var before = ResidentBytes("VmRSS");
        File.WriteAllText("/proc/self/clear_refs", "5"); // the kernel forgets the peak so far
        Pass();
        var measured = ResidentBytes("VmHWM") - before;
        var estimate = task.ActivationBytes(rows, example.Length);
        TestContext.Out.WriteLine($"measured {measured / 1e6:F0} MB, estimated {estimate / 1e6:F0} MB, factor {(double)estimate / measured:F2}");
        Assert.That((double)estimate / measured, Is.InRange(1 / Factor, Factor));

        void Pass()
        {
            using var scope = NewDisposeScope();
            task.Backward(batch, seed: 1);
        }
    }

    [Test]
    public void Warning_NeedBeyondTheMachine_SaysWhatLowersIt()
    {
        var large = new TrainingMemory(Weights: 1 << 20, Gradients: 1 << 20, OptimizerState: 2 << 20, Activations: 0);
        Assert.Multiple(() =>
        {
            Assert.That(large.Warning(4 << 20), Is.Null);
            Assert.That(large.Warning(3 << 20), Is.EqualTo("training needs about 4 MiB of memory, the machine has 3 MiB; --lora-r or --optimizer Adafactor lowers gradients and optimizer"));
            Assert.That((large with { Activations = 1 << 30 }).Warning(3 << 20), Does.Contain("--micro-batch-size").And.Contain("--gradient-checkpointing"));
            Assert.That((large with { Activations = 1 << 20 }).ToString(), Is.EqualTo("memory: weights 1 MiB + gradients 1 MiB + optimizer 2 MiB + activations about 1 MiB = 5 MiB"));
        });
    }

    private static long ResidentBytes(string field)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
