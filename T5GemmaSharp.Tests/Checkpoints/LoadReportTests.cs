using NUnit.Framework;
using T5GemmaSharp.Checkpoints;

namespace T5GemmaSharp.Tests.Checkpoints;

public sealed class LoadReportTests
{
    [Test]
    public void ToString_NoDifference_IsOneLine() =>
        Assert.That(new LoadReport { LoadedCount = 116 }.ToString(), Is.EqualTo("116 tensors loaded"));

    [Test]
    public void ToString_ManyKeys_ShowsFirstTenAndCounts()
    {
        var report = new LoadReport
        {
            LoadedCount = 2,
            MissingKeys = Enumerable.Range(0, 12).Select(i => $"missing.{i}").ToArray(),
            ShapeMismatches = [new ShapeMismatch("a", [2, 3], [3])],
            RenamedKeys = new Dictionary<string, string> { ["model.b"] = "b" },
            UnexpectedKeys = ["line\nbreak"],
        };

        Assert.That(report.ToString().Split('\n'), Is.EqualTo(new[]
        {
            "2 tensors loaded",
            "  12 missing:", "    missing.0", "    missing.1", "    missing.2", "    missing.3", "    missing.4",
            "    missing.5", "    missing.6", "    missing.7", "    missing.8", "    missing.9", "    and 2 more",
            "  1 unexpected:", "    line?break",
            "  1 of another shape:", "    a: expected [2, 3], got [3]",
            "  1 renamed:", "    model.b -> b",
        }));
    }
}
