namespace T5GemmaSharp.Training.Tokenization;

/// <summary>Reads things from a stream, one a line, as they arrive.</summary>
/// <typeparam name="T">What a line holds.</typeparam>
/// <param name="stream">The stream.</param>
/// <param name="name">Its name, for messages.</param>
/// <param name="read">Reads a line, given with its place; a <see cref="FormatException"/> gets the place in front.</param>
internal class InputLines<T>(Stream stream, string name, Func<ReadOnlyMemory<byte>, string, T> read)
{
    private readonly LineReader _reader = new(stream);
    private FormatException? _fault;

    /// <summary>Waits for more; null when there is nothing left.</summary>
    /// <returns>What has arrived: nothing when a line is not complete yet.</returns>
    /// <exception cref="FormatException">A line is not what was expected; those before it have been returned.</exception>
    public IReadOnlyList<T>? ReadArrived()
    {
        if (_fault is not null)
            throw new FormatException(_fault.Message, _fault);
        if (!_reader.Fill())
            return null;
        var items = new List<T>();
        try
        {
            while (_reader.TryTake(out var line))
                items.Add(Read(line));
        }
        catch (FormatException exception)
        {
            _fault = exception;
        }

        return items;
    }

    /// <summary>Reads everything, and keeps nothing of it.</summary>
    /// <returns>Number of lines.</returns>
    /// <exception cref="FormatException">A line is not what was expected.</exception>
    public long Count()
    {
        var count = 0L;
        while (ReadArrived() is { } items)
            count += items.Count;
        return count;
    }

    /// <summary>Reads everything.</summary>
    /// <exception cref="FormatException">A line is not what was expected.</exception>
    public List<T> ReadAll()
    {
        var all = new List<T>();
        while (ReadArrived() is { } items)
            all.AddRange(items);
        return all;
    }

    private T Read(ReadOnlySpan<byte> line)
    {
        // Some editors put a carriage return behind a line.
        if (line.EndsWith("\r"u8))
            line = line[..^1];
        var place = $"{name}: line {_reader.LineNumber}";
        try
        {
            return read(line.ToArray(), place);
        }
        catch (FormatException exception)
        {
            throw new FormatException($"{place}: {exception.Message}", exception);
        }
    }
}
