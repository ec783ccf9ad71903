using NUnit.Framework;
using T5GemmaSharp.Checkpoints.Hub;

namespace T5GemmaSharp.Tests.Checkpoints.Hub;

/// <summary>Connections that end too early, and downloads that go on.</summary>
public sealed class HubInterruptionTests : HubFixture
{
    private const int Half = 50_000;
    private static readonly string[] OnlyWeights = [Weights];

    private byte[] Bytes => Hub.Files[Weights];

    [Test]
    public async Task Download_ConnectionDrops_GoesOnFromThere()
    {
        Hub.Script(Weights, DropAsync);
        await DownloadAsync(include: OnlyWeights);
        AssertComplete(Weights);
        Assert.That(Ranges(), Is.EqualTo(new int?[] { null, Half }));
    }

    [Test]
    public async Task Download_DropsThatGetFurther_CountAsNoFailures()
    {
        const int Step = 10_000;
        Hub.Script(Weights, Enumerable.Repeat<Func<HubExchange, Task>>(exchange => exchange.SendRawAsync(
            exchange.RangeStart is null ? "200 OK" : "206 Partial Content",
            Bytes.AsMemory(exchange.RangeStart ?? 0, Step),
            $"Content-Range: bytes {exchange.RangeStart ?? 0}-{Bytes.Length - 1}/{Bytes.Length}",
            $"Content-Length: {Bytes.Length - (exchange.RangeStart ?? 0)}"), 9));
        await DownloadAsync(include: OnlyWeights, retries: 1);
        AssertComplete(Weights);
        Assert.That(Ranges(), Has.Length.EqualTo(10));
    }

    [Test]
    public async Task Download_ServerIgnoresRange_StartsAgain()
    {
        Hub.Script(Weights, DropAsync, exchange => exchange.SendAsync("200 OK", Bytes));
        await DownloadAsync(include: OnlyWeights);
        AssertComplete(Weights);
    }

    [Test]
    public void Download_ServerIgnoresRangeAndDropsForever_Ends()
    {
        Hub.Script(Weights, Enumerable.Repeat<Func<HubExchange, Task>>(DropAsync, 20));
        Assert.That(AssertFails(HubFault.Unavailable, include: OnlyWeights).Message, Does.Contain("50,000 of 100,000"));
        Assert.That(Hub.FileRequests.Count(), Is.EqualTo(4)); // the first got further; three more did not
    }

    [Test]
    public async Task Download_ServerSendsAnotherRange_StartsAgain()
    {
        Hub.Script(Weights, DropAsync, exchange => exchange.SendAsync("206 Partial Content", Bytes[10..], $"Content-Range: bytes 10-{Bytes.Length - 1}/{Bytes.Length}"));
        await DownloadAsync(include: OnlyWeights);
        AssertComplete(Weights);
        Assert.That(Ranges(), Is.EqualTo(new int?[] { null, Half, null }));
    }

    [Test]
    public async Task Download_RangeNotSatisfiable_StartsAgain()
    {
        Hub.Script(Weights, DropAsync, exchange => exchange.SendAsync("416 Range Not Satisfiable", []));
        await DownloadAsync(include: OnlyWeights);
        AssertComplete(Weights);
        Assert.That(Ranges(), Is.EqualTo(new int?[] { null, Half, null }));
    }

    [Test]
    public async Task Download_SilentConnection_CountsAsDropped()
    {
        Hub.Script(Weights, async exchange =>
        {
            await DropAsync(exchange);
            await Task.Delay(TimeSpan.FromSeconds(2));
        });
        await DownloadAsync(include: OnlyWeights, stall: TimeSpan.FromMilliseconds(300));
        AssertComplete(Weights);
        Assert.That(Ranges(), Is.EqualTo(new int?[] { null, Half }));
    }

    [Test]
    public async Task Download_Cancelled_NextOneGoesOn()
    {
        await CancelHalfWayAsync();
        Assert.That(Folder.FileNames, Has.Length.EqualTo(1).And.All.Match(@"^\.model\.safetensors\.[0-9a-f]{16}\.part$"));
        await DownloadAsync(include: OnlyWeights);
        AssertComplete(Weights);
        Assert.That(Ranges(), Is.EqualTo(new int?[] { null, Half }));
    }

    [Test]
    public async Task Download_PartDamagedMeanwhile_IsFetchedAgainFromItsBeginning()
    {
        await CancelHalfWayAsync();
        File.WriteAllBytes(Folder[Folder.FileNames[0]], new byte[Half]);
        await DownloadAsync(include: OnlyWeights);
        AssertComplete(Weights);
        Assert.That(Ranges(), Is.EqualTo(new int?[] { null, Half, null }));
    }

    [Test]
    public async Task Download_FileChangedOnTheHubMeanwhile_UsesNothingOfTheOld()
    {
        await CancelHalfWayAsync();
        Hub.Files[Weights] = LoopbackHub.Bytes(100_000, seed: 9);
        await DownloadAsync(include: OnlyWeights);
        AssertComplete(Weights);
        Assert.That(Ranges(), Is.EqualTo(new int?[] { null, null }));
    }

    [Test]
    public async Task Download_OtherProcessWritesTheSamePart_IsRefused()
    {
        await CancelHalfWayAsync();
        using (File.Open(Folder[Folder.FileNames[0]], FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            Assert.That(() => DownloadAsync(include: OnlyWeights).GetAwaiter().GetResult(), Throws.InstanceOf<IOException>());
    }

    private int?[] Ranges() => [.. Hub.FileRequests.Select(request => request.RangeStart)];

    private Task DropAsync(HubExchange exchange) => exchange.SendRawAsync("200 OK", Bytes.AsMemory(0, Half), $"Content-Length: {Bytes.Length}");

    private async Task CancelHalfWayAsync()
    {
        using var cancellation = new CancellationTokenSource();
        using var end = new SemaphoreSlim(0);
        Hub.Script(Weights, async exchange =>
        {
            await DropAsync(exchange);
            await end.WaitAsync(TimeSpan.FromSeconds(10));
        });
        var download = DownloadAsync(include: OnlyWeights, cancellation: cancellation.Token);
        await WaitForPartAsync();
        await cancellation.CancelAsync();
        Assert.That(() => download.GetAwaiter().GetResult(), Throws.InstanceOf<OperationCanceledException>());
        end.Release();
    }

    private async Task WaitForPartAsync()
    {
        var deadline = Environment.TickCount64 + 10_000;
        while (!new DirectoryInfo(Folder.Path).EnumerateFiles().Any(file => file.Length == Half))
        {
            Assert.That(Environment.TickCount64, Is.LessThan(deadline), "the first half did not arrive");
            await Task.Delay(5);
        }
    }
}
