using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Training.Distributed;

namespace T5GemmaSharp.Tests.Training.Distributed.Gradients;

public sealed class SharedFolderTests
{
    [Test]
    public void Write_AllRanks_AppearsWithTheirFiles()
    {
        using var scratch = new ScratchFolder();
        var folder = Path.Combine(scratch.Path, "new");
        LocalRanks.Run(3, ranks =>
        {
            SharedFolder.Write(ranks, folder, target => File.WriteAllText(Path.Combine(target, $"{ranks.Rank}"), ""));
            return Directory.Exists(folder);
        });
        Assert.That(Directory.GetFileSystemEntries(scratch.Path, "*", SearchOption.AllDirectories).Select(Path.GetFileName), Is.EquivalentTo(new[] { "new", "0", "1", "2" }));
    }

    [Test]
    public void Write_OneRankFails_LeavesNothingAndFailsOnAll()
    {
        using var scratch = new ScratchFolder();
        var faults = LocalRanks.Run(3, ranks =>
        {
            try
            {
                SharedFolder.Write(ranks, Path.Combine(scratch.Path, "new"), target =>
                {
                    File.WriteAllText(Path.Combine(target, $"{ranks.Rank}"), "");
                    if (ranks.Rank == 1)
                        throw new IOException("No space left on device");
                });
                return "";
            }
            catch (IOException fault)
            {
                return fault.Message;
            }
        });
        Assert.That(faults[1], Is.EqualTo("No space left on device"));
        Assert.That(new[] { faults[0], faults[2] }, Is.All.Contains("1 of 3 could not"));
        Assert.That(Directory.GetFileSystemEntries(scratch.Path), Is.Empty);
    }
}
