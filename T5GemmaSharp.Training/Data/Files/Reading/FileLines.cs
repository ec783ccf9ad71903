using System.IO.Compression;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Data.Files.Reading;

/// <summary>The lines of a file, which may be compressed with gzip: its content says so, not its name.</summary>
internal sealed class FileLines : IDisposable
{
    private readonly string _file;
    private readonly Stream _stream;
    private readonly LineReader _reader;

    /// <summary>Opens a file.</summary>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    public FileLines(string file, int maximumLength)
    {
        _file = file;
        _stream = Open(file);
        _reader = new LineReader(_stream, maximumLength);
    }

    /// <summary>Place of the line taken last.</summary>
    public RowPlace Place => new(_file, _reader.LineNumber);

    /// <summary>Takes a line, without its line end; it is valid until the next.</summary>
    /// <exception cref="DataFormatException">The line is too long, or the compressed data is damaged.</exception>
    public bool TryTake(out ReadOnlySpan<byte> line)
    {
        try
        {
            while (!_reader.TryTake(out line))
            {
                if (!_reader.Fill())
                    return false;
            }
        }
        catch (FormatException exception)
        {
            throw DataFormatException.Of(_file, exception.Message, exception);
        }
        catch (InvalidDataException exception)
        {
            throw DataFormatException.Of(_file, $"expected whole gzip data, it is damaged behind line {_reader.LineNumber}: {exception.Message}", exception);
        }

        line = line.EndsWith("\r"u8) ? line[..^1] : line;
        return true;
    }

    public void Dispose() => _stream.Dispose();

    private static Stream Open(string file)
    {
        var stream = TextInput.Open(file);
        Span<byte> start = stackalloc byte[2];
        if (!stream.CanSeek)
            return stream; // a pipe gives its bytes once
        var isCompressed = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start is [0x1F, 0x8B];
        stream.Position = 0;
        return isCompressed ? new GZipStream(stream, CompressionMode.Decompress) : stream;
    }
}
