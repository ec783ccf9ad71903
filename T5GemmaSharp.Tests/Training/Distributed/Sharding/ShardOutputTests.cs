using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Training.Distributed.Sharding;

namespace T5GemmaSharp.Tests.Training.Distributed.Sharding;

public sealed class ShardOutputTests
{
    [Test]
    public void Add_ByProcessesThatDie_HasEveryRowOnce()
    {
        using var folder = new ScratchFolder();
        var path = Path.Combine(folder.Path, "out.txt");
        using (var first = new ShardOutput(path, "same", rows: 5))
            first.Add(2, ["a", "b"]);
        File.AppendAllText(path + ".partial", "c\nhalf a li"); // written, and not yet counted, when it died
        using (var second = new ShardOutput(path, "same", rows: 5))
        {
            Assert.That(second.Rows, Is.EqualTo(2));
            second.Add(3, ["c", "d", "e"]);
        }

        using (var third = new ShardOutput(path, "same", rows: 5)) // the second died before it was complete
        {
            Assert.That((third.Rows, third.IsComplete, File.Exists(path)), Is.EqualTo((5L, false, false)));
            third.Complete();
        }

        using var fourth = new ShardOutput(path, "same", rows: 5);
        Assert.That((fourth.IsComplete, File.ReadAllText(path)), Is.EqualTo((true, "a\nb\nc\nd\ne\n")));
        Assert.That(Directory.GetFiles(folder.Path).Select(Path.GetFileName), Is.EquivalentTo(new[] { "out.txt", "out.txt.state" }));
    }

    [Test]
    public void Constructor_OtherInputsOrSettings_AreRefused()
    {
        using var folder = new ScratchFolder();
        var path = Path.Combine(folder.Path, "out.txt");
        using (var first = new ShardOutput(path, "one", rows: 5))
            first.Add(2, ["a", "b"]);
        Assert.That(() => new ShardOutput(path, "another", rows: 5), Throws.TypeOf<InvalidDataException>().With.Message.Contains("they are others"));
    }

    [Test]
    public void Constructor_AFileOfSomebodyElse_StaysWhatItIs()
    {
        using var folder = new ScratchFolder();
        var path = Path.Combine(folder.Path, "out.txt");
        File.WriteAllText(path, "mine");
        Assert.That(() => new ShardOutput(path, "one", rows: 5), Throws.TypeOf<IOException>());
        Assert.That(File.ReadAllText(path), Is.EqualTo("mine"));
    }

    [Test]
    public void Constructor_PartThatIsLost_IsNotTakenForDone()
    {
        using var folder = new ScratchFolder();
        var path = Path.Combine(folder.Path, "out.txt");
        using (var first = new ShardOutput(path, "one", rows: 5))
            first.Add(2, ["a", "b"]);
        File.WriteAllText(path + ".partial", "a\n");
        Assert.That(() => new ShardOutput(path, "one", rows: 5), Throws.TypeOf<InvalidDataException>().With.Message.Contains("expected at least 4 bytes, got 2"));
    }
}
