using NUnit.Framework;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Reading;

namespace T5GemmaSharp.Tests.Training.Data.Files.Reading;

public sealed class OrderedParallelTests
{
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(7)]
    public void Select_ManyRows_GivesResultsInTheirOrder(int threads)
    {
        var results = OrderedParallel.Select<long>(Rows(1000), row => [row.Place.Row, -row.Place.Row], threads);
        Assert.That(results, Is.EqualTo(Enumerable.Range(1, 1000).SelectMany(row => new long[] { row, -row })));
    }

    [Test]
    public void Select_LateFaultIsFasterThanAnEarlyOne_ThrowsTheEarlyOne()
    {
        using var late = new ManualResetEventSlim();
        var results = new List<long>();
        Assert.That(
            () =>
            {
                foreach (var row in OrderedParallel.Select<long>(Rows(200), Turn, threads: 4))
                    results.Add(row);
            },
            Throws.TypeOf<FormatException>().With.Message.EqualTo("row 10"));
        Assert.That(results, Is.EqualTo(Enumerable.Range(1, 9)));

        IReadOnlyList<long> Turn(RawRow row)
        {
            if (row.Place.Row == 150)
                late.Set();
            else if (row.Place.Row == 10)
                late.Wait(TimeSpan.FromSeconds(10));
            return row.Place.Row is 10 or 150 ? throw new FormatException($"row {row.Place.Row}") : [row.Place.Row];
        }
    }

    [Test]
    public void Select_RowsEndWithAFault_GivesThoseBefore()
    {
        var results = new List<long>();
        Assert.That(
            () =>
            {
                foreach (var row in OrderedParallel.Select<long>(Rows(101).Select(row => row.Place.Row <= 100 ? row : throw new IOException()), row => [row.Place.Row], threads: 3))
                    results.Add(row);
            },
            Throws.TypeOf<IOException>());
        Assert.That(results, Is.EqualTo(Enumerable.Range(1, 100)));
    }

    [Test]
    public void Select_LargeRows_AreNotHeldInMany()
    {
        var taken = 0;
        var rows = Enumerable.Range(1, 100).Select(index => new RawRow(new RowPlace("file", ++taken), new byte[1 << 20]));
        using var results = OrderedParallel.Select<long>(rows, row => [row.Place.Row], threads: 2).GetEnumerator();
        results.MoveNext();
        Assert.That(taken, Is.LessThanOrEqualTo(3));
    }

    private static IEnumerable<RawRow> Rows(int count) => Enumerable.Range(1, count).Select(row => new RawRow(new RowPlace("file", row), Json: default));
}
