using System.Security.Cryptography;
using System.Text;

namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>The checksum of a file while its bytes come, in the way that the hub lists it.</summary>
internal sealed class FileChecksum : IDisposable
{
    private const int BufferLength = 1 << 20;
    private readonly IncrementalHash? _hash;

    public FileChecksum(HubFile file)
    {
        Expected = file.Sha256 ?? file.GitSha1;
        if (file.Sha256 is not null)
        {
            _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        }
        else if (file.GitSha1 is not null)
        {
            _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
            _hash.AppendData(Encoding.ASCII.GetBytes($"blob {file.SizeInBytes}\0")); // git's header of a blob
        }
    }

    /// <summary>The hexadecimal digits that the hub lists; null: it lists none, and any bytes are right.</summary>
    public string? Expected { get; }

    public void Append(ReadOnlySpan<byte> bytes) => _hash?.AppendData(bytes);

    /// <summary>Appends all that a stream has from its position on.</summary>
    public async Task AppendAsync(Stream stream, CancellationToken cancellationToken)
    {
        if (_hash is null)
            return;
        var buffer = new byte[BufferLength];
        while (await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var count)
            Append(buffer.AsSpan(0, count));
    }

    /// <summary>The digits of what came; the expected ones where there is no checksum.</summary>
    public string? Finish() => _hash is null ? Expected : Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash?.Dispose();

    /// <summary>Whether a file on the disk is the one that the hub lists.</summary>
    public static async Task<bool> IsCompleteAsync(string place, HubFile file, CancellationToken cancellationToken)
    {
        var info = new FileInfo(place);
        if (!info.Exists || info.Length != file.SizeInBytes)
            return false;
        using var checksum = new FileChecksum(file);
        var stream = new FileStream(place, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        await using (stream.ConfigureAwait(false))
            await checksum.AppendAsync(stream, cancellationToken).ConfigureAwait(false);
        return checksum.Finish() == checksum.Expected;
    }
}
