namespace T5GemmaSharp.Training.Tokenization;

/// <summary>Takes lines out of a stream of bytes as they arrive; holds one line and one chunk, never the whole stream.</summary>
/// <param name="stream">The stream.</param>
/// <param name="maximumLength">Most bytes of a line.</param>
internal sealed class LineReader(Stream stream, int maximumLength = int.MaxValue)
{
    private const int ChunkSize = 1 << 16;

    private byte[] _buffer = new byte[2 * ChunkSize];
    private int _start;
    private int _searched;
    private int _end;
    private bool _ended;

    /// <summary>Number of the line taken last, from 1.</summary>
    public long LineNumber { get; private set; }

    /// <summary>Takes a line that has arrived, without its line feed and without a byte-order mark. It is valid until <see cref="Fill"/>.</summary>
    /// <exception cref="FormatException">The line is too long.</exception>
    public bool TryTake(out ReadOnlySpan<byte> line)
    {
        var length = _buffer.AsSpan(_searched, _end - _searched).IndexOf((byte)'\n');
        var lineEnd = length >= 0 ? _searched + length : _end;
        if (length < 0 && !(_ended && _start < _end))
        {
            _searched = _end;
            line = default;
            return false;
        }

        if (lineEnd - _start > maximumLength)
            throw TooLong(maximumLength);
        line = _buffer.AsSpan(_start, lineEnd - _start);
        _start = _searched = Math.Min(lineEnd + 1, _end);
        LineNumber++;

        // Some editors put a byte-order mark in front of a file.
        if (LineNumber == 1 && line.StartsWith("\uFEFF"u8))
            line = line[3..];
        return true;
    }

    /// <summary>Waits for more; false when there is nothing left to take.</summary>
    /// <exception cref="FormatException">A line is too long.</exception>
    public bool Fill()
    {
        if (_ended)
            return false;
        MakeRoom();
        var count = stream.Read(_buffer, _end, Math.Min(ChunkSize, _buffer.Length - _end));
        _end += count;
        _ended = count == 0;
        return !_ended || _start < _end;
    }

    private void MakeRoom()
    {
        // Every complete line has been taken.
        if (_end - _start > maximumLength)
            throw TooLong(maximumLength);
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _searched, _end) = (0, _searched - _start, _end - _start);
        }

        if (_buffer.Length - _end >= ChunkSize)
            return;
        if (_end == Array.MaxLength)
            throw TooLong(Array.MaxLength);
        Array.Resize(ref _buffer, (int)Math.Min(2L * _buffer.Length, Array.MaxLength));
    }

    private FormatException TooLong(int limit) => new($"line {LineNumber + 1}: expected at most {limit} bytes, it is longer");
}
