namespace T5GemmaSharp.Training.Checkpointing;

/// <summary>Folders that appear whole or not at all.</summary>
public static class AtomicFolder
{
    /// <summary>Fills a temporary sibling and renames it when it is complete.</summary>
    /// <param name="folder">The folder; it must not exist, or be empty.</param>
    /// <param name="fill">Writes the files into the folder it is given.</param>
    /// <exception cref="IOException">The folder holds something, or a file cannot be written.</exception>
    public static void Write(string folder, Action<string> fill)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentNullException.ThrowIfNull(fill);
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(temporary);
            fill(temporary);
            if (Directory.Exists(target))
                Directory.Delete(target); // throws unless it is empty
            Directory.Move(temporary, target);
        }
        finally
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
        }
    }
}
