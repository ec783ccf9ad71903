using System.Diagnostics;
using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Training.Commands;
using T5GemmaSharp.Training.Distributed.Sharding;

namespace T5GemmaSharp.Tests.Training.Distributed.Sharding;

public sealed class ShardedGenerationTests
{
    private const int Parts = 5;
    private const int Rows = 203; // portions of 8, and one that is not full

    private readonly ScratchFolder _folder = new();

    [OneTimeTearDown]
    public void RemoveFiles() => _folder.Dispose();

    [TestCase("answers.jsonl", "--do-sample", "true", "--seed", "3")]
    [TestCase("answers.txt")]
    [CancelAfter(600_000)]
    public async Task Generate_PartsOfWhichTwoAreKilled_JoinToTheWhole(string name, params string[] options)
    {
        var inputs = Inputs();
        var whole = Path.Combine(_folder.Path, $"whole-{name}");
        Assert.That(CommandRun.Of([.. Arguments(inputs, whole, "0/1"), .. options]).Code, Is.Zero);
        Assert.That(File.ReadLines(whole).Count(), Is.EqualTo(Rows));

        var output = Path.Combine(_folder.Path, name);
        for (var part = 0; part < Parts; part++)
        {
            string[] arguments = [.. Arguments(inputs, output, $"{part}/{Parts}"), .. options];
            if (part is 1 or 3)
                await Kill(arguments, new ShardChoice(part, Parts).PathOf(output));
            var (code, written, errors) = CommandRun.Of(arguments);
            Assert.That(code, Is.Zero, errors);
            Assert.That(written, Is.EqualTo($"{new ShardChoice(part, Parts).PathOf(output)}\n"));
            Assert.That(CommandRun.Of(arguments).Code, Is.Zero, "one that is complete stays so");
        }

        var joined = string.Concat(Enumerable.Range(0, Parts).Select(part => File.ReadAllText(new ShardChoice(part, Parts).PathOf(output))));
        Assert.That(joined, Is.EqualTo(File.ReadAllText(whole)));
    }

    [Test]
    public void Generate_PartWithOtherSettings_IsRefused()
    {
        var inputs = Inputs();
        var output = Path.Combine(_folder.Path, "settings.jsonl");
        Assert.That(CommandRun.Of(Arguments(inputs, output, "4/5")).Code, Is.Zero);
        CommandRun.AssertRefused(CommandRun.Of([.. Arguments(inputs, output, "4/5"), "--num-beams", "2"]), "expected the inputs and settings of before");
        CommandRun.AssertRefused(CommandRun.Of(Arguments(inputs[..1], output, "4/5")), "expected the inputs and settings of before");
    }

    [Test]
    public void Generate_SeveralFilesOrNone_AreRefusedWhereTheyCannotBe()
    {
        var inputs = Inputs();
        CommandRun.AssertRefused(CommandRun.Of("generate", "--model", "m", "--file", inputs[0], "--file", inputs[1]), "--shard 0/1 takes them as one");
        CommandRun.AssertRefused(CommandRun.Of("generate", "--model", "m", "--shard", "0/2", "a text"), "expected with --file");
        CommandRun.AssertRefused(CommandRun.Of("generate", "--model", "m", "--file", inputs[0], "--shard", "0/2"), "expected with --out");
    }

    private static string[] Arguments(string[] inputs, string output, string shard) =>
    [
        "generate", "--model", Path.Combine(SourceTree.Root(), "weights", "g2p"), "--device", "cpu", "--batch-size", "1", "--out", output, "--shard", shard, .. inputs.SelectMany(input => new[] { "--file", input }),
    ];

    private static async Task Kill(string[] arguments, string path)
    {
        using var process = CommandProcess.Start(arguments);
        var clock = Stopwatch.StartNew();
        while (!File.Exists(path + ShardState.Extension) && !process.HasExited && clock.Elapsed < TimeSpan.FromMinutes(2))
            await Task.Delay(1);
        process.Kill();
        await process.WaitForExitAsync();
        Assert.That((File.Exists(path), File.Exists(path + ".partial")), Is.EqualTo((false, true)), "killed on the way");
    }

    private string[] Inputs()
    {
        var words = TinyTask.Recipe.Words(T5GemmaSharp.Training.Recipes.G2p.DataSplit.Validation).Select(entry => entry.Word).Take(Rows).ToList();
        string[] inputs = [Path.Combine(_folder.Path, "a.txt"), Path.Combine(_folder.Path, "b.txt"), Path.Combine(_folder.Path, "c.txt")];
        File.WriteAllLines(inputs[0], words[..77]);
        File.WriteAllText(inputs[1], string.Join('\n', words[77..78])); // without a line feed at its end
        File.WriteAllLines(inputs[2], words[78..]);
        return inputs;
    }
}
