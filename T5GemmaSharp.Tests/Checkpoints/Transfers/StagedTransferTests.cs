using NUnit.Framework;
using T5GemmaSharp.Checkpoints.Transfers;

namespace T5GemmaSharp.Tests.Checkpoints.Transfers;

public sealed class StagedTransferTests
{
    private const int BufferSize = 16;

    private readonly List<SlowCopier> _copiers = [];
    private byte[][] _sources = []; // set before each test
    private byte[][] _targets = [];
    private IReadOnlyList<TransferChunk> _chunks = [];

    [SetUp]
    public void Build()
    {
        _copiers.Clear();
        var random = new Random(0);
        _sources = [.. new[] { 100, 1, 37, 64, 500 }.Select(length => new byte[length])];
        Array.ForEach(_sources, random.NextBytes);
        _targets = [.. _sources.Select(source => new byte[source.Length])];
        _chunks = TransferChunk.Plan([.. _sources.Select((source, index) => new TransferPart($"{index % 2}", 1000 * index, source.Length, 1))], BufferSize);
    }

    [Test]
    public void Run_AnyNumberOfReaders_MovesEverything([Values(1, 3, 100)] int readers)
    {
        StagedTransfer.Run(_chunks, readers, Read, Create);
        Assert.That(_targets, Is.EqualTo(_sources));
        Assert.That(_copiers.Select(copier => copier.ThreadId), Is.Unique.And.None.EqualTo(Environment.CurrentManagedThreadId));
        Assert.That(_copiers, Has.Count.EqualTo(Math.Min(readers, _chunks.Count)), "two buffers a reader are all the memory");
        Assert.That(_copiers.Select(copier => copier.IsDisposed), Is.All.True);
    }

    [Test]
    public void Run_Nothing_MakesNoCopier()
    {
        StagedTransfer.Run([], readers: 4, Read, Create);
        Assert.That(_copiers, Is.Empty);
    }

    [Test]
    public void Run_ReadFails_ThrowsThatAndStopsTheOthers()
    {
        var reads = 0;
        void ReadUntilTheEnd(TransferChunk chunk, Span<byte> buffer)
        {
            if (Interlocked.Increment(ref reads) == 5)
                throw new EndOfStreamException("the fifth");
            Thread.Sleep(5);
            Read(chunk, buffer);
        }

        Assert.That(() => StagedTransfer.Run(_chunks, readers: 3, ReadUntilTheEnd, Create), Throws.TypeOf<EndOfStreamException>().With.Message.EqualTo("the fifth"));
        Assert.That(reads, Is.LessThan(_chunks.Count / 2));
        Assert.That(_copiers.Select(copier => copier.IsDisposed), Is.All.True);
    }

    [Test]
    public void Run_CopierCannotBeMade_ThrowsThat()
        => Assert.That(() => StagedTransfer.Run(_chunks, readers: 3, Read, () => throw new InvalidOperationException("no memory")), Throws.InvalidOperationException.With.Message.EqualTo("no memory"));

    [Test]
    public void Run_CopyFailsAtTheVeryEnd_ThrowsThat()
    {
        _targets[4] = new byte[499]; // the last piece does not fit, which the wait for it tells
        Assert.That(() => StagedTransfer.Run(_chunks, readers: 1, Read, Create), Throws.TypeOf<AggregateException>());
    }

    private void Read(TransferChunk chunk, Span<byte> buffer) => _sources[chunk.Part].AsSpan((int)chunk.OffsetInPart, chunk.LengthInBytes).CopyTo(buffer);

    private SlowCopier Create()
    {
        var copier = new SlowCopier(_targets, BufferSize);
        lock (_copiers)
            _copiers.Add(copier);
        return copier;
    }
}
