namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>
/// The beginning of a file, beside its final place under a name that says which contents it is the beginning of. It outlives the process, so that the next one
/// goes on; contents that changed have another name.
/// </summary>
internal sealed class PartialFile : IDisposable
{
    private const string Extension = ".part";
    private const int IdentityLength = 16;

    private readonly HubFile _file;
    private readonly string _place;
    private readonly string _temporaryPath;
    private readonly FileStream _stream;
    private FileChecksum _checksum;
    private bool _isGone;

    private PartialFile(HubFile file, string commit, string place)
    {
        _file = file;
        _place = place;
        _temporaryPath = TemporaryPath(file, commit, place);
        if (new FileInfo(_temporaryPath).LinkTarget is not null)
            throw new HubException(HubFault.UnsafePath, $"{_temporaryPath} is a link, and a download writes through none. Remove it.");
        _stream = new FileStream(_temporaryPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.None);
        _checksum = new FileChecksum(file);
    }

    /// <summary>Bytes that are there.</summary>
    public long Length { get; private set; }

    /// <summary>Opens what an earlier download has left, or nothing.</summary>
    public static async Task<PartialFile> OpenAsync(HubFile file, string commit, string place, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        DeleteOthers(file, commit, place);
        var partial = new PartialFile(file, commit, place);
        try
        {
            await partial._checksum.AppendAsync(partial._stream, cancellationToken).ConfigureAwait(false);
            partial.Length = partial._stream.Seek(0, SeekOrigin.End);
            if (partial.Length > file.SizeInBytes)
                partial.Restart();
            return partial;
        }
        catch
        {
            partial.Dispose();
            throw;
        }
    }

    /// <summary>Length of what an earlier download has left.</summary>
    public static long LengthOf(HubFile file, string commit, string place)
    {
        var info = new FileInfo(TemporaryPath(file, commit, place));
        return info.Exists ? info.Length : 0;
    }

    public async Task AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await _stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException exception) when (DiskSpace.IsFull(exception))
        {
            _stream.SetLength(Length);
            throw new HubException(HubFault.DiskFull, $"{_place}: the disk is full after {Length:N0} of {_file.SizeInBytes:N0} bytes, which are kept. Free some space and run it again.", innerException: exception);
        }

        _checksum.Append(bytes.Span);
        Length += bytes.Length;
    }

    /// <summary>Forgets all bytes.</summary>
    public void Restart()
    {
        _stream.SetLength(0);
        _checksum.Dispose();
        _checksum = new FileChecksum(_file);
        Length = 0;
    }

    /// <summary>Moves the complete file to its place, or returns the checksum that it has in place of the right one.</summary>
    public string? Complete()
    {
        var actual = _checksum.Finish();
        if (actual != _checksum.Expected)
            return actual;
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_temporaryPath, _place, overwrite: true);
        _isGone = true;
        return null;
    }

    /// <summary>Removes the file.</summary>
    public void Delete()
    {
        _stream.Dispose();
        File.Delete(_temporaryPath);
        _isGone = true;
    }

    /// <summary>Closes the file and keeps it, unless there is nothing in it.</summary>
    public void Dispose()
    {
        if (!_isGone && _stream.Length == 0)
            Delete();
        _stream.Dispose();
        _checksum.Dispose();
    }

    private static string TemporaryPath(HubFile file, string commit, string place) =>
        Path.Combine(Path.GetDirectoryName(place)!, $"{Prefix(place)}{(file.Sha256 ?? file.GitSha1 ?? commit)[..IdentityLength]}{Extension}");

    private static string Prefix(string place) => $".{Path.GetFileName(place)}.";

    private static void DeleteOthers(HubFile file, string commit, string place)
    {
        var own = Path.GetFileName(TemporaryPath(file, commit, place));
        var outdated = new DirectoryInfo(Path.GetDirectoryName(place)!).EnumerateFiles().Where(info =>
            info.Name.Length == own.Length && info.Name != own
            && info.Name.StartsWith(Prefix(place), StringComparison.Ordinal) && info.Name.EndsWith(Extension, StringComparison.Ordinal));
        foreach (var info in outdated.ToList())
            info.Delete();
    }
}
