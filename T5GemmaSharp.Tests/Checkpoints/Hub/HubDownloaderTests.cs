using System.Collections.Concurrent;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints.Hub;

namespace T5GemmaSharp.Tests.Checkpoints.Hub;

public sealed class HubDownloaderTests : HubFixture
{
    [Test]
    public async Task Download_Defaults_FetchWhatT5GemmaNeeds()
    {
        var download = await DownloadAsync();
        AssertComplete("config.json", Weights, "original/params.json");
        Assert.That((download.Commit, download.Folder, download.Files.Count, download.Fetched.Count), Is.EqualTo((LoopbackHub.Commit, Folder.Path, 3, 3)));
        Assert.That(Hub.Requests.First().Target, Is.EqualTo("/api/models/owner/name/revision/main?blobs=true"));
        Assert.That(Hub.FileRequests.Select(request => request.Target), Is.EquivalentTo(new[] { "config.json", Weights }.Select(name => $"/owner/name/resolve/{LoopbackHub.Commit}/{name}")));
    }

    [Test]
    public async Task Download_Patterns_ChooseAndLeaveOut()
    {
        Hub.Files["original/a b#1.json"] = [5];
        using var downloader = new HubDownloader(new HubDownloadOptions { Endpoint = Hub.Address, Token = "", Include = ["original/", "README.??"], Exclude = ["*params*"] });
        await downloader.DownloadAsync(LoopbackHub.Repository, Folder.Path);
        AssertComplete("README.md", "original/a b#1.json");
    }

    [Test]
    public void Download_PatternsWithoutFile_SaySo() =>
        Assert.That(AssertFails(HubFault.FileNotFound, include: ["*.gguf"]).Message, Does.Contain("*.gguf").And.Contain("4 files"));

    [Test]
    public async Task Download_RevisionWithSlash_IsOnePartOfTheAddress()
    {
        await DownloadAsync(revision: "refs/pr/1");
        Assert.That(Hub.Requests.First().Target, Does.Contain("/revision/refs%2Fpr%2F1?"));
    }

    [Test]
    public async Task Download_Again_FetchesNothing()
    {
        await DownloadAsync();
        Hub.Requests.Clear();
        var download = await DownloadAsync();
        Assert.That(Hub.Requests, Has.Count.EqualTo(1));
        Assert.That((download.Files.Count, download.Fetched.Count), Is.EqualTo((3, 0)));
    }

    [TestCase("config.json")]
    [TestCase(Weights)]
    public async Task Download_DamagedFile_IsFetchedAgain(string name)
    {
        await DownloadAsync();
        File.WriteAllBytes(Folder[name], new byte[Hub.Files[name].Length]);
        var download = await DownloadAsync();
        Assert.That(download.Fetched.Select(file => file.Path), Is.EqualTo(new[] { name }));
        AssertComplete("config.json", Weights, "original/params.json");
    }

    [Test]
    public async Task Download_TwoFiles_AtOnce()
    {
        using var both = new CountdownEvent(2);
        async Task MeetAsync(HubExchange exchange)
        {
            both.Signal();
            await Task.Run(() => both.Wait(TimeSpan.FromSeconds(10)));
            await Hub.AnswerAsync(exchange);
        }

        Hub.Script("config.json", MeetAsync);
        Hub.Script(Weights, MeetAsync);
        await DownloadAsync(parallel: 2);
        Assert.That(both.IsSet, Is.True);
    }

    [Test]
    public async Task Download_Parallel1_IsOneFileAfterTheOther()
    {
        var (running, most) = (0, 0);
        async Task CountAsync(HubExchange exchange)
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await Task.Delay(30);
            Interlocked.Decrement(ref running);
            await Hub.AnswerAsync(exchange);
        }

        Hub.Script("config.json", CountAsync);
        Hub.Script(Weights, CountAsync);
        await DownloadAsync(parallel: 1);
        Assert.That(most, Is.EqualTo(1));
    }

    [Test]
    public async Task Progress_Download_EndsWithAllBytes()
    {
        var reports = new ConcurrentQueue<HubProgress>();
        await DownloadAsync(progress: new Recorder(reports));
        const long Total = 100_300;
        Assert.That(reports.Last(), Has.Property(nameof(HubProgress.TotalBytes)).EqualTo(Total).And.Property(nameof(HubProgress.TotalSizeInBytes)).EqualTo(Total));
        Assert.That(reports.Where(report => report.FileBytes == report.FileSizeInBytes).Select(report => report.Path), Is.EquivalentTo(new[] { "config.json", Weights, "original/params.json" }));
    }

    [TestCase("owner/name/more")]
    [TestCase("../name")]
    [TestCase("owner/..")]
    [TestCase("owner/na me")]
    [TestCase("https://huggingface.co/owner/name")]
    public void Download_WrongName_IsRefusedBeforeAnyRequest(string name)
    {
        using var downloader = new HubDownloader(new HubDownloadOptions { Endpoint = Hub.Address, Token = "" });
        Assert.That(() => downloader.DownloadAsync(name, Folder.Path).GetAwaiter().GetResult(), Throws.ArgumentException.With.Message.Contains("OWNER/NAME"));
        Assert.That(Hub.Requests, Is.Empty);
    }

    private sealed class Recorder(ConcurrentQueue<HubProgress> reports) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => reports.Enqueue(value);
    }
}
