using T5GemmaSharp.Training.Checkpointing;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The folder that a verb writes a model to.</summary>
internal static class OutputFolder
{
    /// <summary>Reserves a folder, has it written and prints it; one that nothing was written to does not stay.</summary>
    /// <param name="folder">The folder, new or empty.</param>
    /// <param name="name">Name of the verb.</param>
    /// <param name="write">Writes the model there.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="IOException">The folder holds something.</exception>
    public static int Fill(string folder, string name, Action write)
    {
        RunFolder.Reserve(folder, name);
        try
        {
            write();
        }
        finally
        {
            RunFolder.ReleaseIfEmpty(folder);
        }

        Console.WriteLine(folder);
        return ExitCode.Done;
    }
}
