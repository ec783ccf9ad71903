namespace T5GemmaSharp.Training.Distributed.Mpi;

/// <summary>Looks for an MPI library.</summary>
internal static class MpiFinder
{
    /// <summary>Variable that names the library.</summary>
    public const string Variable = "T5GEMMA_MPI";

    private static readonly string[] OpenMpi = OperatingSystem.IsMacOS() ? ["libmpi.40.dylib", "/opt/homebrew/lib/libmpi.dylib"] : ["libmpi.so.40"];
    private static readonly string[] Mpich = OperatingSystem.IsMacOS() ? ["libmpi.12.dylib"] : ["libmpich.so.12", "libmpi.so.12", "libmpi_cray.so.12"];

    /// <summary>Names to try, the launcher's family first: each finds only processes of its own launcher.</summary>
    public static IReadOnlyList<string> Candidates(string? launcher, string? chosen)
        => !string.IsNullOrEmpty(chosen) ? [chosen] : launcher == "Open MPI" ? [.. OpenMpi, .. Mpich, "libmpi"] : [.. Mpich, .. OpenMpi, "libmpi"];

    /// <summary>Loads the library.</summary>
    /// <param name="launcher">The launcher, see <see cref="LaunchEnvironment.Launcher"/>.</param>
    /// <exception cref="EngineMissingException">There is none; the message says what to install.</exception>
    public static MpiLibrary Find(string? launcher)
    {
        var chosen = Environment.GetEnvironmentVariable(Variable);
        var candidates = Candidates(launcher, chosen);
        return candidates.Select(MpiLibrary.TryLoad).FirstOrDefault(library => library is not null) ?? throw new EngineMissingException(
            $"mpi: expected an MPI library with MPI 3's operations, found none of {string.Join(", ", candidates)}; install MPICH or Open MPI together with its mpirun (Debian and Ubuntu: apt-get install mpich), load the cluster's module, or name the library in {Variable}");
    }
}
