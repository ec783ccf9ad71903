using System.Text;

namespace T5GemmaSharp.Training.Distributed.Sharding;

/// <summary>The output of a part: it grows beside its place, remembers how far it is, and takes its place when it is complete. A process that is started again goes on.</summary>
internal sealed class ShardOutput : IDisposable
{
    private const string PartialExtension = ".partial";

    private readonly string _path;
    private readonly string _identity;
    private readonly FileStream? _stream;

    /// <summary>Opens the output where an earlier process has left it.</summary>
    /// <param name="path">Its place.</param>
    /// <param name="identity">What it depends on.</param>
    /// <param name="rows">Rows of the part.</param>
    /// <exception cref="InvalidDataException">What is there depends on something else.</exception>
    /// <exception cref="IOException">It cannot be written, or something else is in its place.</exception>
    public ShardOutput(string path, string identity, long rows)
    {
        (_path, _identity) = (Path.GetFullPath(path), identity);
        var state = ShardState.Read(_path);
        if (state is not null && state.Identity != identity)
            throw new InvalidDataException($"{_path}{ShardState.Extension}: expected the inputs and settings of before, they are others; remove it, and what it belongs to, or choose another output");
        if (state is null && File.Exists(_path))
            throw new IOException($"{_path}: expected no file without a {ShardState.Extension} that tells what it is, there is one; choose another output");
        Rows = state?.Rows ?? 0;
        IsComplete = state is not null && Rows == rows && File.Exists(_path);
        if (IsComplete)
            return;
        _stream = new FileStream(_path + PartialExtension, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None); // one process a part
        _stream.SetLength(Math.Min(state?.Bytes ?? 0, _stream.Length)); // without what a dying process wrote last
        if (state is not null && _stream.Length < state.Bytes)
            throw new InvalidDataException($"{_path}{PartialExtension}: expected at least {state.Bytes} bytes, got {_stream.Length}; remove it and {Path.GetFileName(_path)}{ShardState.Extension}");
        _stream.Seek(0, SeekOrigin.End);
    }

    /// <summary>Rows that are done.</summary>
    public long Rows { get; private set; }

    /// <summary>Whether the output is in its place.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Adds the lines of further rows, and remembers that they are done.</summary>
    /// <param name="rows">How many rows.</param>
    /// <param name="lines">Their lines, any number a row.</param>
    public void Add(int rows, IEnumerable<string> lines)
    {
        var stream = _stream ?? throw new InvalidOperationException("the output is complete");
        foreach (var line in lines)
        {
            stream.Write(Encoding.UTF8.GetBytes(line));
            stream.WriteByte((byte)'\n');
        }

        stream.Flush(flushToDisk: true);
        Rows += rows;
        new ShardState(_identity, Rows, stream.Length).Write(_path);
    }

    /// <summary>Moves the output to its place.</summary>
    public void Complete()
    {
        var stream = _stream ?? throw new InvalidOperationException("the output is complete");
        new ShardState(_identity, Rows, stream.Length).Write(_path); // also of a part without rows
        stream.Dispose();
        File.Move(_path + PartialExtension, _path);
        IsComplete = true;
    }

    public void Dispose() => _stream?.Dispose();
}
