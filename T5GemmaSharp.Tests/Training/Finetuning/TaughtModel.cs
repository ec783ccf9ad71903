using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Training.Commands;

namespace T5GemmaSharp.Tests.Training.Finetuning;

/// <summary>A model that is to learn letters by heart, and a teacher that knows one answer to everything: <c>c</c>.</summary>
internal sealed class TaughtModel : IDisposable
{
    public static readonly string[] Quick = ["--device", "cpu", "--lr", "0.02", "--batch-size", "4", "--weight-decay", "0"];

    private static readonly string[] Pairs = [.. "abcd".Select(letter => $$"""{"input": "{{letter}}", "target": "{{letter}}"}""")];
    private static readonly string[] TeacherPairs = [.. "abcd".Select(letter => $$"""{"input": "{{letter}}", "target": "c"}""")];

    private readonly FinetuningModel _model = new();
    private readonly ScratchFolder _folder = new();

    /// <summary>Trains the teacher, by the verb.</summary>
    public TaughtModel()
    {
        Data = Write("student.jsonl", Pairs);
        var run = CommandRun.Of(["train", "--model", Folder, "--out", Teacher, "--data", Write("teacher.jsonl", TeacherPairs), "--steps", "60", .. Quick]);
        Assert.That(run.Code, Is.Zero, run.Errors);
    }

    /// <summary>Folder of the model.</summary>
    public string Folder => _model.Folder;

    /// <summary>Folder of a run, not there yet.</summary>
    public string Run => _model.Run;

    /// <summary>Folder of the teacher.</summary>
    public string Teacher => _folder["teacher"];

    /// <summary>What the model learns: every letter is its own answer.</summary>
    public string Data { get; }

    /// <summary>A path for a test's own.</summary>
    public string this[string name] => _folder[name];

    public string Write(string name, IEnumerable<string> lines) => _model.Write(name, lines);

    /// <summary>Removes what a test has left.</summary>
    public void Clear(params string[] names)
    {
        if (Directory.Exists(Run))
            Directory.Delete(Run, recursive: true);
        foreach (var name in names)
            File.Delete(this[name]);
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }
}
