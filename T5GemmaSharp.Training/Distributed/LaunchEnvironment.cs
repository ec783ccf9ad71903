using System.Globalization;

namespace T5GemmaSharp.Training.Distributed;

/// <summary>What a launcher tells a process of its place among others, by environment variables.</summary>
public sealed record LaunchEnvironment
{
    // In this order: torchrun under Slurm has both sets, and the inner one counts.
    private static readonly (string Launcher, string Rank, string World, string LocalRank, string LocalWorld)[] Launchers =
    [
        ("torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"),
        ("Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"),
        ("PMI", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"),
        ("Slurm", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_NTASKS_PER_NODE"),
    ];

    /// <summary>The launcher, or the kind of it; null: the process was started alone.</summary>
    public string? Launcher { get; init; }

    /// <summary>Number of the process, from 0.</summary>
    public int Rank { get; init; }

    /// <summary>Number of processes.</summary>
    public int World { get; init; } = 1;

    /// <summary>Number of the process among those on its machine, from 0.</summary>
    public int LocalRank { get; init; }

    /// <summary>Number of processes on its machine; null: the launcher does not say.</summary>
    public int? LocalWorld { get; init; }

    /// <summary>Machine on which rank 0 runs; null: the launcher does not say.</summary>
    public string? MasterAddress { get; init; }

    /// <summary>A port of that machine at which the ranks may meet; null: the launcher does not say.</summary>
    public int? MasterPort { get; init; }

    /// <summary>Reads the environment of this process.</summary>
    /// <exception cref="FormatException">A variable is not a number, or a rank is out of its range; the message names it.</exception>
    public static LaunchEnvironment Read() => Read(Environment.GetEnvironmentVariable);

    /// <summary>Reads an environment.</summary>
    /// <param name="variable">Value of a variable; null: it is not set.</param>
    /// <exception cref="FormatException">A variable is not a number, or a rank is out of its range; the message names it.</exception>
    public static LaunchEnvironment Read(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        foreach (var (launcher, rankName, worldName, localRankName, localWorldName) in Launchers)
        {
            if (Number(variable, rankName) is not { } rank || Number(variable, worldName) is not { } world)
                continue;
            if (launcher == "Slurm" && variable("SLURM_STEP_ID") is null)
                continue; // a batch script itself, not a task of srun
            if (world < 1 || rank < 0 || rank >= world)
                throw new FormatException($"{rankName}: expected 0 to {worldName} - 1 ({world - 1}), got {rank}");
            return new LaunchEnvironment
            {
                Launcher = launcher,
                Rank = rank,
                World = world,
                LocalRank = Number(variable, localRankName) ?? Number(variable, "SLURM_LOCALID") ?? 0,
                LocalWorld = Number(variable, localWorldName),
                MasterAddress = variable("MASTER_ADDR") ?? SlurmNodes.First(variable("SLURM_STEP_NODELIST")),
                MasterPort = MasterPortOf(variable),
            };
        }

        return new LaunchEnvironment();
    }

    private static int? MasterPortOf(Func<string, string?> variable)
    {
        const int firstPort = 20_000; // below those that systems give away
        const int ports = 10_000;
        if (Number(variable, "T5GEMMA_PORT") is { } chosen)
            return chosen;
        if (Number(variable, "MASTER_PORT") is { } port)
            return port + 1; // torchrun's own store listens at this one
        return Number(variable, "SLURM_JOB_ID") is { } job ? firstPort + (job % ports) : null;
    }

    private static int? Number(Func<string, string?> variable, string name)
    {
        var text = variable(name);
        if (string.IsNullOrEmpty(text))
            return null;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"{name}: expected a number, got '{text}'");
    }
}
