using System.Diagnostics;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

/// <summary>What loading costs: nothing where the file can be the memory, the target and one chunk where values are cast.</summary>
[Platform("Linux", Reason = "Resident memory is read from /proc.")]
public sealed class CheckpointMemoryTests
{
    private const long Megabyte = 1 << 20;
    private const long VocabSize = 100_000;
    private const long Width = 1024;
    private const long TableInMegabytes = VocabSize * Width * 2 / Megabyte;   // bfloat16

    private ScratchFolder _folder = null!;

    [OneTimeSetUp]
    public void WriteCheckpoint()
    {
        _folder = new ScratchFolder();
        using var model = new SmallModel(VocabSize, Width, dtype: ScalarType.BFloat16);
        using (no_grad())
        {
            foreach (var parameter in model.parameters())
                parameter.fill_(0.5);
        }

        new CheckpointWriter().Write(_folder.Path, model.state_dict());
    }

    [OneTimeTearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Load_SameDType_AddsAlmostNoMemoryAndTime()
    {
        using var model = new SmallModel(VocabSize, Width, dtype: ScalarType.BFloat16);
        var before = ResidentMegabytes("VmRSS");
        var clock = Stopwatch.StartNew();

        Load(model);

        var growth = ResidentMegabytes("VmRSS") - before;
        TestContext.Out.WriteLine($"{TableInMegabytes} MB: {clock.ElapsedMilliseconds} ms, +{growth} MB");
        Assert.That(growth, Is.LessThan(TableInMegabytes / 10));
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(1)));
        using var row = model.EmbedTokens.call(tensor([VocabSize - 1]));
        Assert.That(row.eq(0.5).all().item<bool>(), Is.True);
    }

    [Test]
    public void Load_CastToWiderDType_NeedsTargetAndOneChunk()
    {
        using var model = new SmallModel(VocabSize, Width, dtype: ScalarType.Float32);
        var before = ResidentMegabytes("VmRSS");
        ResetPeak();
        var clock = Stopwatch.StartNew();

        Load(model);

        var growth = ResidentMegabytes("VmHWM") - before;
        TestContext.Out.WriteLine($"{TableInMegabytes} MB to {2 * TableInMegabytes} MB: {clock.ElapsedMilliseconds} ms, peak +{growth} MB");
        Assert.That(growth, Is.LessThan((2 * TableInMegabytes) + (4 * TensorTransfer.DefaultChunkSizeInBytes / Megabyte)));
        Assert.That(model.EmbedTokens.weight!.eq(0.5).all().item<bool>(), Is.True);
    }

    [Test]
    public void Write_TransposedTable_MakesNoSecondCopy()
    {
        using var table = full(Width, VocabSize, 0.5f, dtype: ScalarType.BFloat16);
        using var transposed = table.t();
        using var target = new ScratchFolder();
        var before = ResidentMegabytes("VmRSS");
        ResetPeak();

        new CheckpointWriter().Write(target.Path, new Dictionary<string, Tensor> { ["table"] = transposed });

        var growth = ResidentMegabytes("VmHWM") - before;
        TestContext.Out.WriteLine($"{TableInMegabytes} MB written: peak +{growth} MB");
        // The allocator keeps a few freed chunks; a copy of the table would take all of its size.
        Assert.That(growth, Is.LessThan(TableInMegabytes / 2));
        using var reader = CheckpointReader.Open(target.Path);
        Assert.That(reader.GetEntry("table").Shape, Is.EqualTo(new[] { VocabSize, Width }));
    }

    private void Load(nn.Module model)
    {
        using var reader = CheckpointReader.Open(_folder.Path);
        CheckpointLoader.Load(model, reader, new CheckpointLoadOptions { Strictness = Strictness.Exact });
    }

    private static long ResidentMegabytes(string field)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
    }

    /// <summary>Makes the kernel forget the highest resident size so far.</summary>
    private static void ResetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");
}
