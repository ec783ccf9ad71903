using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Tests.Parity;

/// <summary>Trains as others have trained and compares the loss of every step: with what <c>scripts/training_parity.py</c> has written, if <c>T5GEMMA_TRAINING_PARITY_DIR</c> names its folder, and with TorchSharp's own optimizer.</summary>
[Category("Parity")]
public sealed class TrainingCaseTests
{
    private const double Tolerance = 1e-3;

    // The same library computes the models, so that only the trainer and the optimizer can differ.
    private const double OwnTolerance = 1e-5;

    private static IEnumerable<object?[]> Kinds() => ModelClass.All.SelectMany(model => model.ToString() switch
    {
        "lm" or "tokcls" or "tokcls.enc" => [[model, null]],
        "seqcls" or "seqcls.enc" => Enum.GetValues<ProblemType>().Select(problem => new object?[] { model, problem }),
        _ => Array.Empty<object?[]>(), // those without a loss
    });

    private static string[] Made() => Environment.GetEnvironmentVariable("T5GEMMA_TRAINING_PARITY_DIR") is { Length: > 0 } root ? Directory.GetDirectories(root) : [];

    [TestCaseSource(nameof(Kinds))]
    public void Train_CaseOfTorchSharpsOptimizer_HasItsLosses(object model, ProblemType? problem)
    {
        var folder = Directory.CreateTempSubdirectory("t5gemma-training-");
        try
        {
            TrainingCaseWriter.Write((ModelClass)model, problem, folder.FullName);
            Compare(folder.FullName, OwnTolerance);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public void Train_CasesOfTransformers_HaveItsLosses()
    {
        if (Made().Length == 0)
            Assert.Ignore("T5GEMMA_TRAINING_PARITY_DIR names no folder that scripts/training_parity.py has filled");
        using (Assert.EnterMultipleScope())
        {
            foreach (var folder in Made())
                Compare(folder, Tolerance);
        }
    }

    private static void Compare(string folder, double tolerance)
    {
        using var source = TrainingCase.Open(folder);
        var (actual, expected) = (Train(source), source.ReadLosses());
        Assert.That(actual, Has.Length.EqualTo(expected.Length), folder);
        var errors = actual.Select((loss, step) => Math.Abs(loss - expected[step]) / Math.Abs(expected[step])).ToArray();
        var worst = Array.IndexOf(errors, errors.Max());
        var found = $"{Path.GetFileName(folder)}: loss {expected[0]:g4} to {expected[^1]:g4} in {expected.Length} steps, largest relative error {errors[worst]:e2} at step {worst}";
        TestContext.Out.WriteLine(found);
        ParityErrors.Record("losses of whole trainings (relative)", Path.GetFileName(folder), errors[worst]);
        Assert.That(errors.All(error => error <= tolerance), Is.True, found); // false for NaN
    }

    private static double[] Train(TrainingCase source)
    {
        var name = T5GemmaConfig.FromPretrained(source.ModelFolder).Architectures![0]; // every save writes it
        using var model = ModelClass.All.First(candidate => candidate.Type.Name == name).Load(source.ModelFolder, new() { Attention = AttentionImplementation.Eager, UseMemoryMap = false });
        var pairs = model is T5GemmaForConditionalGeneration ? new TrainingCasePairs(source) : null;
        ITrainingTask task = pairs is null ? new TrainingCaseHeads(model, source) : new Seq2SeqTask((T5GemmaForConditionalGeneration)model, pairs);
        var options = source.Options(rows: task.CountOf(epoch: 0));
        using var optimizer = new AdamW(model.named_parameters(), options.Optimizer);
        return [.. new Trainer(task, options).Run(optimizer).State.Reports.Select(report => report.Loss)];
    }
}
