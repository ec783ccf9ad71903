using T5GemmaSharp.Training.Commands;

namespace T5GemmaSharp.Training;

/// <summary>The program, for scripts that are a verb of it.</summary>
public static class TrainingProgram
{
    /// <summary>Runs a command line. To be called before anything else uses torch.</summary>
    /// <param name="arguments">The verb and what belongs to it.</param>
    /// <returns>The exit code: 0 done, 1 unexpected, 2 bad input, 3 diverged, 4 another rank was lost, 130 interrupted.</returns>
    public static int Run(params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ProcessTuning.Apply();
        return CommandRunner.Run(CommandLine.Create(), arguments);
    }
}
