using System.Text;
using T5GemmaSharp.Training.Commands;

namespace T5GemmaSharp.Training.Generation;

/// <summary>A file of answers that takes its place when it is complete. Until then, and for good if it never is, it lies beside it under another name.</summary>
internal sealed class AnswerFile : IDisposable
{
    private readonly string _path;
    private readonly FileStream _stream;
    private readonly StreamWriter _writer;

    /// <summary>Opens the file.</summary>
    /// <param name="path">Its final place.</param>
    /// <exception cref="IOException">The place is none for a file, or cannot be written.</exception>
    public AnswerFile(string path)
    {
        _path = Path.GetFullPath(File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path : path); // a link stays a link
        if (Directory.Exists(_path))
            throw new IOException($"{path}: expected a file, it is a folder");
        if (!OperatingSystem.IsWindows() && _path.StartsWith("/dev/", StringComparison.Ordinal))
            throw new IOException($"{path}: expected a file, it is a device, which a finished file would replace");
        PartialPath = $"{_path}.{Guid.NewGuid():N}.partial";
        _stream = new FileStream(PartialPath, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        _writer = new StreamWriter(_stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
    }

    /// <summary>Where the answers are until all are there.</summary>
    public string PartialPath { get; }

    /// <summary>Whether the file is in its place.</summary>
    public bool IsCommitted { get; private set; }

    /// <summary>Number of lines so far.</summary>
    public int Lines { get; private set; }

    /// <summary>Runs work that writes to a file or to standard output. The file takes its place if the work ends well; else standard error says where what was ready lies.</summary>
    /// <param name="path">The file; null: standard output.</param>
    /// <param name="work">The work, with the file; returns the exit code.</param>
    public static int Run(string? path, Func<AnswerFile?, int> work)
    {
        using var file = path is null ? null : new AnswerFile(path);
        try
        {
            var code = work(file);
            if (code == ExitCode.Done)
                file?.Commit();
            return code;
        }
        finally
        {
            if (file is { IsCommitted: false, Lines: > 0 })
                Console.Error.WriteLine($"{file.PartialPath}: the {file.Lines} answers that were ready");
        }
    }

    public void WriteLine(string line)
    {
        _writer.WriteLine(line);
        Lines++;
    }

    /// <summary>Passes what was written on to the system.</summary>
    public void Flush() => _writer.Flush();

    /// <summary>Moves the complete file to its place, over an older one.</summary>
    public void Commit()
    {
        _writer.Flush();
        _stream.Flush(flushToDisk: true);
        _writer.Dispose();
        File.Move(PartialPath, _path, overwrite: true);
        IsCommitted = true;
    }

    /// <summary>Closes the file; an incomplete one stays unless it is empty.</summary>
    public void Dispose()
    {
        if (IsCommitted)
            return;
        _writer.Dispose();
        if (Lines == 0)
            File.Delete(PartialPath);
    }
}
