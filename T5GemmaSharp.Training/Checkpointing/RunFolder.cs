namespace T5GemmaSharp.Training.Checkpointing;

/// <summary>Chooses where a run's result goes, before the run.</summary>
public static class RunFolder
{
    /// <summary>Reserves an empty folder, so that two runs never share one.</summary>
    /// <param name="requested">The folder asked for; null: the first free <c>runs/NAME-N</c>.</param>
    /// <param name="name">Name of the run.</param>
    /// <returns>The folder.</returns>
    /// <exception cref="IOException">The folder asked for holds something, or is a file.</exception>
    public static string Reserve(string? requested, string name)
    {
        if (requested is null)
            return ReserveFirstFree(name);
        if (File.Exists(requested) || (Directory.Exists(requested) && Directory.EnumerateFileSystemEntries(requested).Any()))
            throw new IOException($"{requested}: expected a folder that is new or empty, it holds something; choose another");
        Directory.CreateDirectory(requested);
        return requested;
    }

    /// <summary>Removes a reserved folder that nothing was written to.</summary>
    /// <param name="folder">The folder.</param>
    public static void ReleaseIfEmpty(string folder)
    {
        if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }

    private static string ReserveFirstFree(string name)
    {
        for (var number = 1; ; number++)
        {
            var folder = Path.Combine("runs", $"{name}-{number}");
            if (Directory.Exists(folder) || File.Exists(folder))
                continue;
            Directory.CreateDirectory(folder);
            return folder;
        }
    }
}
