using System.Buffers.Binary;

namespace T5GemmaSharp.Training.Logging.Files;

/// <summary>A file of TFRecords: each record has its length before it, and checksums behind the length and behind the data.</summary>
internal sealed class RecordFile : IDisposable
{
    private readonly FileStream _stream;

    /// <summary>Creates the file.</summary>
    /// <param name="path">A file that is not there.</param>
    public RecordFile(string path) => _stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);

    /// <summary>Appends a record, and hands it to the system at once.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        const int Length = sizeof(ulong);
        const int Checksum = sizeof(uint);
        var record = new byte[Length + Checksum + data.Length + Checksum];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(Length), Crc32C.Masked(record.AsSpan(0, Length)));
        data.CopyTo(record.AsSpan(Length + Checksum));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(record.Length - Checksum), Crc32C.Masked(data));
        _stream.Write(record);
    }

    public void Dispose() => _stream.Dispose();
}
