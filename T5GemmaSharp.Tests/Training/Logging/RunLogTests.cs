using System.Text.Json;
using System.Xml.Linq;
using NUnit.Framework;
using T5GemmaSharp.Interop.Cuda;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Logging.Files;

namespace T5GemmaSharp.Tests.Training.Logging;

public sealed class RunLogTests
{
    private static readonly RunState AtStep10 = new() { Step = 10, Reports = [Report(5), Report(10)], Evaluations = [Evaluation(10)] };

    [Test]
    public void RunLog_NothingToTell_CreatesNothing()
    {
        using var folder = new ScratchFolder();
        using (var log = new RunLog(folder.Path, begun: null))
        {
            log.OnStep(1);
            log.WriteCurves();
        }

        Assert.That(folder.FileNames, Is.Empty);
    }

    [Test]
    public void OnReport_EachLine_IsThereAtOnce()
    {
        using var folder = new ScratchFolder();
        using var log = new RunLog(folder.Path, begun: null);
        log.OnReport(Report(5) with { GradientNorm = double.NaN, Memory = new MemoryUse(1, 2, 3, 4) });
        log.OnEvaluation(Evaluation(5));
        Assert.That(ReadLines(folder), Is.EqualTo(new[]
        {
            """{"step":5,"epoch":0.5,"loss":2.5,"grad_norm":null,"learning_rate":0.001,"tokens_per_second":100,"padding":0.25,"memory_managed_bytes":1,"memory_resident_bytes":2,"memory_peak_resident_bytes":3,"live_tensors":4}""",
            """{"step":5,"eval_loss":1.5,"eval_accuracy":75}""",
        }));
    }

    [Test]
    public void OnReport_MemoryOfADevice_IsInTheLine()
    {
        using var folder = new ScratchFolder();
        using var log = new RunLog(folder.Path, begun: null);
        log.OnReport(Report(5) with { Memory = MemoryUse.Now(new DeviceMemory(Free: 30, Total: 80)) });
        Assert.That(ReadLines(folder).Single(), Does.EndWith(""","memory_device_used_bytes":50,"memory_device_total_bytes":80}"""));
    }

    [TestCase("")]
    [TestCase("{\"step\":15,\"epo")]
    [TestCase("{\"step\":15,\"loss\":1}\n{\"step\":20,\"eval_")]
    public void RunLog_GoesOn_HasEveryStepOnce(string afterTheCheckpoint)
    {
        using var folder = new ScratchFolder();
        using (var killed = new RunLog(folder.Path, begun: null))
        {
            foreach (var report in AtStep10.Reports)
                killed.OnReport(report);
            killed.OnEvaluation(AtStep10.Evaluations[0]);
        }

        File.AppendAllText(folder[JsonLog.FileName], afterTheCheckpoint);
        using (var log = new RunLog(folder.Path, AtStep10))
        {
            Assert.That(Steps(folder), Is.EqualTo(new[] { 5, 10, 10 }), "cut at once");
            log.OnReport(Report(15));
        }

        Assert.That(Steps(folder), Is.EqualTo(new[] { 5, 10, 10, 15 }));
    }

    [Test]
    public void RunLog_BeginsAgainWithoutCheckpoint_ForgetsWhatWasThere()
    {
        using var folder = new ScratchFolder();
        using (var killed = new RunLog(folder.Path, begun: null))
            killed.OnReport(Report(5));
        using (var log = new RunLog(folder.Path, begun: null))
            log.OnReport(Report(1));
        Assert.That(Steps(folder), Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public void Events_ReadByTheFormatsDescription_HaveTagsAndValues()
    {
        using var folder = new ScratchFolder();
        using (var log = new RunLog(folder.Path, begun: null))
        {
            log.OnReport(Report(300));
            log.OnEvaluation(Evaluation(300));
        }

        var events = EventReader.Read(EventFiles(folder).Single());
        Assert.Multiple(() =>
        {
            Assert.That(events.Select(item => (item.Step, item.Version)), Is.EqualTo(new[] { (0L, "brain.Event:2"), (300L, (string?)null), (300L, null) }));
            Assert.That(events[1].Values, Is.EquivalentTo(new Dictionary<string, float>
            {
                ["train/loss"] = 2.5f,
                ["train/grad_norm"] = 1,
                ["train/learning_rate"] = 1e-3f,
                ["train/tokens_per_second"] = 100,
                ["train/padding"] = 0.25f,
                ["train/epoch"] = 30,
            }));
            Assert.That(events[2].Values, Is.EquivalentTo(new Dictionary<string, float> { ["eval/loss"] = 1.5f, ["eval/accuracy"] = 75 }));
            Assert.That(events.Select(item => item.WallTime), Is.All.EqualTo(DateTimeOffset.UtcNow.ToUnixTimeSeconds()).Within(60));
        });
    }

    [Test]
    public void Events_GoesOn_StartBehindTheCheckpointInALaterFile()
    {
        using var folder = new ScratchFolder();
        using (var killed = new RunLog(folder.Path, begun: null))
            killed.OnReport(Report(15));
        using (var log = new RunLog(folder.Path, AtStep10))
            log.OnReport(Report(15));
        var files = EventFiles(folder);
        Assert.That(files, Has.Length.EqualTo(2));
        Assert.That(EventReader.Read(files[1]).Select(item => (item.Step, item.IsStart)), Is.EqualTo(new[] { (0L, false), (11L, true), (15L, false) }));
    }

    [Test]
    public void WriteCurves_ReportsAndEvaluations_AreLinesOfAWellFormedImage()
    {
        using var folder = new ScratchFolder();
        using (var log = new RunLog(folder.Path, AtStep10))
        {
            log.OnReport(Report(15) with { Loss = double.NaN });
            log.OnEvaluation(new EvaluationReport(15, new Dictionary<string, double> { ["a<b & c"] = 1 }));
            log.WriteCurves();
        }

        var svg = XDocument.Load(folder[RunLog.CurvesName]).Root!;
        var texts = svg.Descendants(svg.Name.Namespace + "text").Select(text => text.Value).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(texts, Is.SupersetOf(new[] { "loss", "training", "evaluation", "evaluation: accuracy", "evaluation: a<b & c", "learning rate", "step" }));
            Assert.That(svg.ToString(), Does.Not.Contain("NaN").And.Not.Contain("∞"));
        });
    }

    private static StepReport Report(int step) => new(step, step / 10.0, Loss: 2.5, GradientNorm: 1, LearningRate: 1e-3, TokensPerSecond: 100, Padding: 0.25);

    private static EvaluationReport Evaluation(int step) => new(step, new Dictionary<string, double> { ["loss"] = 1.5, ["accuracy"] = 75 });

    private static string[] EventFiles(ScratchFolder folder) => [.. Directory.GetFiles(folder.Path, "events.out.tfevents.*").Order(StringComparer.Ordinal)];

    // As another program that reads while the run goes on.
    private static string[] ReadLines(ScratchFolder folder)
    {
        using var stream = new FileStream(folder[JsonLog.FileName], FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static int[] Steps(ScratchFolder folder) => [.. ReadLines(folder).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("step").GetInt32())];
}
