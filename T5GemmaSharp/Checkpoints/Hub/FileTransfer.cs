using System.Buffers;
using System.Net;

namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>Brings one file to its place, or goes on where an earlier attempt ended.</summary>
internal sealed class FileTransfer(HubConnection connection, RetryPolicy retries, HubSubject subject, HubFile file, string commit, string place, TimeSpan stallTimeout, Action<long> report)
{
    private const int BufferLength = 1 << 18;

    // Bytes that came in one piece, from one answer, need no second try when their checksum is wrong.
    private bool _isPieced;

    /// <summary>Brings the file.</summary>
    /// <returns>False when it was there already.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        if (await FileChecksum.IsCompleteAsync(place, file, cancellationToken).ConfigureAwait(false))
        {
            report(file.SizeInBytes);
            return false;
        }

        using var partial = await PartialFile.OpenAsync(file, commit, place, cancellationToken).ConfigureAwait(false);
        _isPieced = partial.Length > 0;
        while (true)
        {
            await retries.RunAsync(() => ReceiveAsync(partial, cancellationToken), () => partial.Length, cancellationToken).ConfigureAwait(false);
            if (partial.Complete() is not { } actual)
                return true;
            if (!_isPieced)
            {
                partial.Delete();
                throw new HubException(HubFault.WrongChecksum, $"{subject}: expected the checksum {file.Sha256 ?? file.GitSha1}, got {actual}. The bytes were deleted; run it again, and if that does not help, the file on the hub or on the way is damaged.");
            }

            _isPieced = false;
            partial.Restart();
        }
    }

    private async Task<long> ReceiveAsync(PartialFile partial, CancellationToken cancellationToken)
    {
        report(partial.Length);
        if (partial.Length == file.SizeInBytes)
            return partial.Length;
        var escaped = string.Join('/', file.Path.Split('/').Select(Uri.EscapeDataString));
        var (response, tag) = await connection.GetAsync($"/{subject.Repository}/resolve/{commit}/{escaped}", subject, partial.Length, cancellationToken).ConfigureAwait(false);
        using (response)
        {
            CheckTag(tag);
            Align(response, partial);
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
                await CopyAsync(stream, partial, cancellationToken).ConfigureAwait(false);
        }

        if (partial.Length < file.SizeInBytes)
            throw Dropped(partial, innerException: null);
        return partial.Length;
    }

    // The hub's tag is the checksum that it lists; one of another form says nothing.
    private void CheckTag(string? tag)
    {
        if (tag is not null && (file.Sha256 ?? file.GitSha1) is { } listed && tag.Length == listed.Length && tag.All(char.IsAsciiHexDigit) && !tag.Equals(listed, StringComparison.OrdinalIgnoreCase))
            throw new HubException(HubFault.WrongChecksum, $"{subject}: expected the checksum {listed}, which the hub lists, got a file with {tag}. It changed meanwhile: run it again.");
    }

    /// <summary>Makes the answer begin where the file ends.</summary>
    private void Align(HttpResponseMessage response, PartialFile partial)
    {
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            partial.Restart();
            throw new TransientHubException(HubFault.UnexpectedAnswer, $"{subject}: the server has no bytes from the {partial.Length:N0}th on", response.StatusCode);
        }

        var content = response.Content.Headers;
        if (response.StatusCode == HttpStatusCode.OK)
        {
            if (partial.Length > 0)
                partial.Restart(); // the server sends everything, whatever was asked for
            if (content.ContentLength is { } length && length != file.SizeInBytes)
                throw WrongLength(length);
            return;
        }

        if (content.ContentRange?.Length is { } total && total != file.SizeInBytes)
            throw WrongLength(total);
        if (partial.Length == 0 || content.ContentRange?.From != partial.Length)
        {
            var message = $"{subject}: asked for the bytes from {partial.Length:N0} on, got those from {content.ContentRange?.From}";
            partial.Restart();
            throw new TransientHubException(HubFault.UnexpectedAnswer, message, response.StatusCode);
        }

        _isPieced = true;
    }

    private async Task CopyAsync(Stream stream, PartialFile partial, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            while (await ReadAsync(stream, buffer, partial, cancellationToken).ConfigureAwait(false) is > 0 and var count)
            {
                if (partial.Length + count > file.SizeInBytes)
                {
                    partial.Delete();
                    throw WrongLength(partial.Length + count);
                }

                await partial.AppendAsync(buffer.AsMemory(0, count), CancellationToken.None).ConfigureAwait(false); // a write is not left half done
                report(partial.Length);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<int> ReadAsync(Stream stream, Memory<byte> buffer, PartialFile partial, CancellationToken cancellationToken)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stall.CancelAfter(stallTimeout);
        try
        {
            return await stream.ReadAsync(buffer, stall.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw Dropped(partial, exception);
        }
    }

    private TransientHubException Dropped(PartialFile partial, Exception? innerException) => new(
        HubFault.Unavailable, $"{subject}: the connection {(innerException is OperationCanceledException ? "was silent" : "ended")} after {partial.Length:N0} of {file.SizeInBytes:N0} bytes", innerException: innerException);

    private HubException WrongLength(long actual) => new(HubFault.WrongLength, $"{subject}: expected {file.SizeInBytes:N0} bytes, which the hub lists, got {actual:N0}. Check the endpoint and any proxy on the way.");
}
