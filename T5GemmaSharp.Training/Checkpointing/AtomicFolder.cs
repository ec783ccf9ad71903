namespace T5GemmaSharp.Training.Checkpointing;

/// <summary>Folders that appear whole or not at all.</summary>
public static class AtomicFolder
{
    /// <summary>Adds files to a folder that is there. The one that makes them usable comes last, so that nobody sees a part for the whole.</summary>
    /// <param name="folder">The folder; files of the same names are replaced.</param>
    /// <param name="last">Names of the files that come last.</param>
    /// <param name="fill">Writes the files, without folders, into the folder it is given.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Add(string folder, IReadOnlyList<string> last, Action<string> fill)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentNullException.ThrowIfNull(last);
        ArgumentNullException.ThrowIfNull(fill);
        var temporary = Path.Combine(folder, $"{Guid.NewGuid():N}.tmp");
        try
        {
            Directory.CreateDirectory(temporary);
            fill(temporary);
            foreach (var file in Directory.EnumerateFiles(temporary).OrderBy(file => last.Contains(Path.GetFileName(file))).ToList())
                File.Move(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        }
        finally
        {
            Remove(temporary);
        }
    }

    /// <summary>Fills a temporary sibling and renames it when it is complete.</summary>
    /// <param name="folder">The folder; it must not exist, or be empty.</param>
    /// <param name="fill">Writes the files into the folder it is given.</param>
    /// <exception cref="IOException">The folder holds something, or a file cannot be written.</exception>
    public static void Write(string folder, Action<string> fill)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentNullException.ThrowIfNull(fill);
        var temporary = TemporarySibling(folder);
        try
        {
            Directory.CreateDirectory(temporary);
            fill(temporary);
            Publish(temporary, folder);
        }
        finally
        {
            Remove(temporary);
        }
    }

    /// <summary>A name beside a folder, for what is not complete yet.</summary>
    internal static string TemporarySibling(string folder) => $"{Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))}.{Guid.NewGuid():N}.tmp";

    /// <summary>Gives a folder that is complete its name.</summary>
    internal static void Publish(string temporary, string folder)
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Directory.Exists(target))
            Directory.Delete(target); // throws unless it is empty
        Directory.Move(temporary, target);
    }

    /// <summary>Removes what did not become complete.</summary>
    internal static void Remove(string temporary)
    {
        if (Directory.Exists(temporary))
            Directory.Delete(temporary, recursive: true);
    }
}
