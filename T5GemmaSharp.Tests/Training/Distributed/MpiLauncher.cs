using System.Diagnostics;
using NUnit.Framework;
using T5GemmaSharp.Tests.Training.Commands;

namespace T5GemmaSharp.Tests.Training.Distributed;

/// <summary>Starts the program on several ranks of MPI.</summary>
internal static class MpiLauncher
{
    private static readonly (string Name, string Value)[] Calm =
    [
        ("OMP_NUM_THREADS", "1"),
        ("OMPI_ALLOW_RUN_AS_ROOT", "1"), // containers of continuous integration
        ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
        ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
    ];

    /// <summary>Launchers of this machine, by the family of their library; a test is skipped where there is none of a family.</summary>
    /// <param name="family">MPICH or Open MPI.</param>
    public static string Find(string family)
    {
        string[] names = family == "MPICH" ? ["mpirun.mpich", "mpiexec.hydra", "mpirun"] : ["mpirun.openmpi", "mpirun"];
        var found = names
            .SelectMany(name => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, name)))
            .FirstOrDefault(path => File.Exists(path) && IsOf(path, family));
        if (found is null)
            Assert.Ignore($"there is no mpirun of {family} on the PATH");
        return found!; // Ignore does not return
    }

    /// <summary>Starts ranks.</summary>
    /// <param name="ranks">How many.</param>
    /// <param name="arguments">The verb and its arguments.</param>
    /// <param name="family">Family of the launcher.</param>
    /// <param name="environment">Further variables.</param>
    public static Process Start(int ranks, IEnumerable<string> arguments, string family = "MPICH", params (string Name, string Value)[] environment)
        => CommandProcess.StartUnder([Find(family), "-n", $"{ranks}"], arguments, [.. Calm, .. environment]);

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code, and what was written.</returns>
    public static async Task<(int ExitCode, string Output, string Errors)> End(Process process, CancellationToken cancellation)
    {
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return (process.ExitCode, await output, errors);
    }

    private static bool IsOf(string path, string family)
    {
        using var process = Process.Start(new ProcessStartInfo(path, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true });
        var text = process?.StandardOutput.ReadToEnd() ?? "";
        process?.WaitForExit();
        return text.Contains(family == "MPICH" ? "HYDRA" : "Open MPI", StringComparison.Ordinal);
    }
}
