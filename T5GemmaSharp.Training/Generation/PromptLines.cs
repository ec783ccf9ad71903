using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Generation;

/// <summary>Reads prompts from a stream, one a line: texts, or rows of JSON.</summary>
/// <param name="stream">The stream.</param>
/// <param name="name">Its name, for messages.</param>
/// <param name="isJson">Whether a line is JSON.</param>
internal sealed class PromptLines(Stream stream, string name, bool isJson)
{
    private readonly LineReader _reader = new(stream);
    private FormatException? _fault;

    /// <summary>Waits for more; null when there is nothing left.</summary>
    /// <returns>The prompts that have arrived: none when a line is not complete yet.</returns>
    /// <exception cref="FormatException">A line is not what was expected; those before it have been returned.</exception>
    public IReadOnlyList<Prompt>? ReadArrived()
    {
        if (_fault is not null)
            throw new FormatException(_fault.Message, _fault);
        if (!_reader.Fill())
            return null;
        var prompts = new List<Prompt>();
        try
        {
            while (_reader.TryTake(out var line))
                prompts.Add(Read(line));
        }
        catch (FormatException exception)
        {
            _fault = exception;
        }

        return prompts;
    }

    /// <summary>Reads everything.</summary>
    /// <exception cref="FormatException">A line is not what was expected.</exception>
    public List<Prompt> ReadAll()
    {
        var all = new List<Prompt>();
        while (ReadArrived() is { } prompts)
            all.AddRange(prompts);
        return all;
    }

    private Prompt Read(ReadOnlySpan<byte> line)
    {
        // Some editors put a carriage return behind a line.
        if (line.EndsWith("\r"u8))
            line = line[..^1];
        var place = $"{name}: line {_reader.LineNumber}";
        try
        {
            return isJson ? PromptRow.Read(line.ToArray(), place) : new Prompt(place, StrictUtf8.GetString(line));
        }
        catch (FormatException exception)
        {
            throw new FormatException($"{place}: {exception.Message}", exception);
        }
    }
}
