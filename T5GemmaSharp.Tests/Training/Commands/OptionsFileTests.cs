using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Commands;

namespace T5GemmaSharp.Tests.Training.Commands;

public sealed class OptionsFileTests
{
    private string _path = "";

    [SetUp]
    public void CreateFile() => _path = Path.GetTempFileName();

    [TearDown]
    public void DeleteFile() => File.Delete(_path);

    [Test]
    public void Expand_OptionsOfTheVerb_StandBehindTheCommandLine()
    {
        File.WriteAllText(_path, """{ "description": "x", "train": { "batch_size": 8, "tf32": true, "dora": false, "metrics": ["rouge", "bleu"], "lr": 1e-3, "out": null }, "benchmark": {} }""");
        Assert.That(
            OptionsFile.Expand(CommandLine.Create(), ["train", "--config", _path, "--seed", "1"]),
            Is.EqualTo(new[] { "train", "--config", _path, "--seed", "1", "--batch-size=8", "--tf32", "--metrics=rouge", "--metrics=bleu", "--lr=1e-3" }));
    }

    [TestCase("--batch-size", "4")]
    [TestCase("--batch-size=4")]
    public void Expand_OptionOnTheCommandLine_CountsThere(params string[] given)
    {
        File.WriteAllText(_path, """{ "train": { "batch_size": 8, "steps": 2 } }""");
        Assert.That(OptionsFile.Expand(CommandLine.Create(), ["train", $"--config={_path}", .. given]), Is.EqualTo(["train", $"--config={_path}", .. given, "--steps=2"]));
    }

    [Test]
    public void Expand_NoFile_ChangesNothing()
    {
        string[] arguments = ["generate", "--model", "m", "--", "--config", "nowhere"];
        Assert.That(OptionsFile.Expand(CommandLine.Create(), arguments), Is.SameAs(arguments));
    }

    [TestCase("""{ "train": { "btach_size": 8 } }""", "btach_size: expected an option of train, it has no --btach-size")]
    [TestCase("""{ "train": { "config": "other" } }""", "config: expected an option of train")]
    [TestCase("""{ "train": { "steps": {} } }""", "--steps: expected a string, a number")]
    [TestCase("""{ "train": { "steps": "many" } }""", "--steps: expected an integer, got 'many'")]
    [TestCase("""{ "train": {}, "trian": {} }""", "trian: expected one of train, ")]
    [TestCase("""{ "evaluate": {} }""", "expected an object with an object \"train\" in it")]
    [TestCase("[]", "expected an object with an object \"train\" in it")]
    [TestCase("{", "expected JSON")]
    public void Run_BadFile_SaysWhatOnOneLineAndExitsWith2(string json, string expected)
    {
        File.WriteAllText(_path, json);
        CommandRun.AssertRefused(CommandRun.Of("train", "--config", _path), expected);
    }

    [Test]
    public void Run_MissingFile_ExitsWith2() => CommandRun.AssertRefused(CommandRun.Of("train", "--config", "nowhere.json"), "nowhere.json");

    [Test]
    public void Recipes_EachOne_IsACommandLineOfItsVerb()
    {
        var recipes = Directory.GetFiles(Path.Combine(SourceTree.Root(), "scripts", "recipes"), "*.json");
        Assert.That(recipes, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            foreach (var recipe in recipes)
            {
                var root = CommandLine.Create();
                Assert.That(root.Parse(OptionsFile.Expand(root, ["train", "--config", recipe])).Errors, Is.Empty, recipe);
            }
        }
    }
}
