using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Training.Tasks;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Checkpointing;

[NonParallelizable] // a run prints to the console
public sealed class OutOfMemoryRunTests
{
    private static readonly TrainingOptions Options = TinyTask.Options with { Steps = 4, CheckpointSteps = 2, WarmupSteps = 1 };

    [Test]
    public void Train_MemoryRunsOutInAStep_SaysWhatToDoAndTheRunGoesOnFromItsCheckpoint()
    {
        using var folder = new ScratchFolder();
        using var whole = TinyTask.CreateModel();
        TinyTask.Train(whole, Options);

        using var model = TinyTask.CreateModel();
        var fault = Assert.Throws<TrainingMemoryException>(() => Train(folder.Path, model, task => new AlteredTask(task, new CounterRandom(Options.Seed, 3)[0], RunOut)));
        Assert.That(fault!.Message, Does.StartWith("step 3: memory ran out (CUDA out of memory. Tried to allocate 2.00 GiB.) with up to ")
            .And.Contain("--micro-batch-size").And.Contain("--gradient-checkpointing").And.Contain("--lora-r").And.Contain("--dtype bfloat16")
            .And.EndWith($"checkpoint-2 is whole, and --resume {folder.Path} goes on from there"));

        using var resumed = T5GemmaForConditionalGeneration.FromPretrained(Path.Combine(folder.Path, "checkpoint-2"));
        Train(folder.Path, resumed, task => task);
        foreach (var (name, expected) in whole.named_parameters())
            Assert.That(resumed.get_parameter(name)!.Equals(expected), Is.True, name);
    }

    private static void RunOut(nn.Module model) => throw new LibtorchFault("CUDA out of memory. Tried to allocate 2.00 GiB.\nException raised from malloc");

    private static void Train(string folder, T5GemmaForConditionalGeneration model, Func<ITrainingTask, ITrainingTask> alter)
    {
        using var optimizer = new AdamW(model.named_parameters(), Options.Optimizer);
        var run = new TrainingRun(new RunRequest { Folder = folder, Resumes = true }, Options, new TokenLossOptions(), "words");
        run.Train(alter(new Seq2SeqTask(model, new Seq2SeqExamples(TinyTask.Examples))), optimizer, evaluate: null, target => model.SavePretrained(target), CancellationToken.None);
    }
}
