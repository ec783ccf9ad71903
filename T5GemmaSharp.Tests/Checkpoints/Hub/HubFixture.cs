using NUnit.Framework;
using T5GemmaSharp.Checkpoints.Hub;

namespace T5GemmaSharp.Tests.Checkpoints.Hub;

/// <summary>A hub and an empty folder for each test.</summary>
public abstract class HubFixture
{
    private protected const string Weights = "model.safetensors";

    private protected LoopbackHub Hub { get; private set; } = null!;

    private protected ScratchFolder Folder { get; private set; } = null!;

    [SetUp]
    public void StartHub() => (Hub, Folder) = (new LoopbackHub(), new ScratchFolder());

    [TearDown]
    public void StopHub()
    {
        Hub.Dispose();
        Folder.Dispose();
    }

    private protected async Task<HubDownload> DownloadAsync(
        string token = "", int parallel = 2, int retries = 3, string[]? include = null, string revision = "main", TimeSpan? stall = null, IProgress<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        var options = new HubDownloadOptions
        {
            Endpoint = Hub.Address,
            Token = token,
            Revision = revision,
            MaxParallelFiles = parallel,
            MaxRetries = retries,
            RetryDelay = TimeSpan.FromMilliseconds(2),
            StallTimeout = stall ?? TimeSpan.FromSeconds(20),
            Include = include ?? new HubDownloadOptions().Include,
        };
        using var downloader = new HubDownloader(options);
        return await downloader.DownloadAsync(LoopbackHub.Repository, Folder.Path, progress, cancellation);
    }

    private protected HubException AssertFails(HubFault fault, string token = "", int retries = 3, string[]? include = null)
    {
        var exception = Assert.Throws<HubException>(() => DownloadAsync(token, retries: retries, include: include).GetAwaiter().GetResult())!;
        Assert.That(exception.Fault, Is.EqualTo(fault), exception.Message);
        return exception;
    }

    /// <summary>Asserts that the files are there, and nothing else.</summary>
    private protected void AssertComplete(params string[] names)
    {
        var there = Directory.GetFiles(Folder.Path, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Folder.Path, file).Replace('\\', '/'));
        Assert.That(there, Is.EquivalentTo(names));
        foreach (var name in names)
            Assert.That(File.ReadAllBytes(Folder[name]), Is.EqualTo(Hub.Files[name]), name);
    }
}
