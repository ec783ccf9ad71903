using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>
/// Downloads repositories of the Hugging Face hub into folders. Files are checked by size and checksum and appear complete or not at all; what an interrupted download
/// has fetched is kept beside them (<c>.NAME.*.part</c>) and the next one goes on from there; complete files are not fetched again.
/// </summary>
/// <remarks>HF: <c>huggingface_hub.snapshot_download</c> with <c>local_dir</c>. Any number of downloads may run at once, in different folders.</remarks>
public sealed partial class HubDownloader : IDisposable
{
    /// <summary>The hub's address, unless the options or <c>HF_ENDPOINT</c> name another.</summary>
    public const string DefaultEndpoint = "https://huggingface.co";

    private const long MaxListingLength = 64 << 20;

    private readonly HubDownloadOptions _options;
    private readonly HubConnection _connection;
    private readonly RetryPolicy _retries;

    /// <summary>Prepares downloads; connects to nothing yet.</summary>
    /// <param name="options">What to download, and how; null: the defaults.</param>
    /// <exception cref="ArgumentException">An option, or a variable of the environment that stands for it, has a wrong value.</exception>
    public HubDownloader(HubDownloadOptions? options = null)
    {
        _options = options ?? new();
        _options.Validate();
        _connection = new HubConnection(_options.Endpoint ?? EnvironmentEndpoint(), _options.Token ?? Environment.GetEnvironmentVariable("HF_TOKEN")?.Trim(), _options.StallTimeout);
        _retries = new RetryPolicy(_options.MaxRetries, _options.RetryDelay);
    }

    /// <summary>Downloads a repository's files.</summary>
    /// <param name="repository">Name of the repository, <c>OWNER/NAME</c>.</param>
    /// <param name="folder">Where the files go; made if it is not there.</param>
    /// <param name="progress">Told how many bytes are there; null: nobody.</param>
    /// <param name="cancellationToken">Stops the download; what was fetched is kept for the next one.</param>
    /// <returns>What is in the folder now.</returns>
    /// <exception cref="ArgumentException"><paramref name="repository"/> is no such name.</exception>
    /// <exception cref="HubException">The download failed; <see cref="HubException.Fault"/> says why. Files that were complete, and parts of others, stay.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The download was cancelled.</exception>
    public async Task<HubDownload> DownloadAsync(string repository, string folder, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(repository);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!RepositoryName().IsMatch(repository) || repository.Contains("..", StringComparison.Ordinal))
            throw new ArgumentException($"repository: expected OWNER/NAME of letters, digits, '-', '_' and '.', got {SafetensorsFormatException.Quote(repository)}", nameof(repository));
        folder = Path.GetFullPath(folder);
        var listing = await ListAsync(repository, cancellationToken).ConfigureAwait(false);
        var chosen = Choose(listing, repository);
        var places = chosen.ToDictionary(file => file, file => SafePath.Below(folder, file.Path));
        Directory.CreateDirectory(folder);
        DiskSpace.Require(folder, chosen.Where(file => new FileInfo(places[file]) is not { Exists: true } info || info.Length != file.SizeInBytes)
            .Sum(file => Math.Max(0, file.SizeInBytes - PartialFile.LengthOf(file, listing.Commit, places[file]))));

        var counter = new ProgressCounter(progress, chosen.Sum(file => file.SizeInBytes));
        var fetched = new ConcurrentBag<HubFile>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.MaxParallelFiles, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(chosen, parallel, async (file, cancellation) =>
        {
            var subject = new HubSubject(repository, _options.Revision, file.Path);
            var transfer = new FileTransfer(_connection, _retries, subject, file, listing.Commit, places[file], _options.StallTimeout, bytes => counter.Report(file, bytes));
            if (await transfer.RunAsync(cancellation).ConfigureAwait(false))
                fetched.Add(file);
        }).ConfigureAwait(false);
        return new HubDownload(repository, listing.Commit, folder, chosen, [.. chosen.Where(fetched.Contains)]);
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _connection.Dispose();

    private static Uri EnvironmentEndpoint()
    {
        var text = Environment.GetEnvironmentVariable("HF_ENDPOINT") is { Length: > 0 } value ? value : DefaultEndpoint;
        return Uri.TryCreate(text, UriKind.Absolute, out var endpoint) ? endpoint : throw new ArgumentException("HF_ENDPOINT: expected an address, got something else");
    }

    private Task<HubListing> ListAsync(string repository, CancellationToken cancellationToken)
    {
        var subject = new HubSubject(repository, _options.Revision, Path: null);
        return _retries.RunAsync(() => ReadListingAsync(subject, cancellationToken), () => 0, cancellationToken);
    }

    private async Task<HubListing> ReadListingAsync(HubSubject subject, CancellationToken cancellationToken)
    {
        var path = $"/api/models/{subject.Repository}/revision/{Uri.EscapeDataString(subject.Revision)}?blobs=true";
        var (response, _) = await _connection.GetAsync(path, subject, offset: 0, cancellationToken).ConfigureAwait(false);
        using (response)
        {
            using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            stall.CancelAfter(_options.StallTimeout);
            try
            {
                await response.Content.LoadIntoBufferAsync(MaxListingLength, stall.Token).ConfigureAwait(false);
                return HubListing.Parse(await response.Content.ReadAsByteArrayAsync(stall.Token).ConfigureAwait(false));
            }
            catch (Exception exception) when (exception is HttpRequestException or HttpIOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                throw new TransientHubException(HubFault.Unavailable, $"{subject}: the answer broke off", innerException: exception);
            }
        }
    }

    private List<HubFile> Choose(HubListing listing, string repository)
    {
        var chosen = listing.Files.Where(file => PathPatterns.Choose(file.Path, _options.Include, _options.Exclude)).ToList();
        return chosen.Count > 0 ? chosen : throw new HubException(
            HubFault.FileNotFound,
            $"{repository}: none of its {listing.Files.Count} files is chosen by {string.Join(' ', _options.Include)}{string.Concat(_options.Exclude.Select(pattern => $", without {pattern}"))}. Change the patterns.");
    }

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex RepositoryName();
}
