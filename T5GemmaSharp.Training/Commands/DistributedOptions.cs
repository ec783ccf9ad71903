using System.CommandLine;
using T5GemmaSharp.Training.Distributed;

namespace T5GemmaSharp.Training.Commands;

/// <summary>Options of verbs that run on several ranks.</summary>
internal static class DistributedOptions
{
    private static readonly Dictionary<string, DistributedEngine> Engines = new()
    {
        ["auto"] = DistributedEngine.Auto,
        ["single"] = DistributedEngine.Alone,
        ["nccl"] = DistributedEngine.Nccl,
        ["mpi"] = DistributedEngine.Mpi,
    };

    private static readonly Option<string> Engine = CreateEngine();

    private static readonly Option<double?> Timeout = NumberOption.Create<double>("--distributed-timeout", $"Seconds that a rank waits for the others before all end. Default {Ranks.DefaultTimeout.TotalSeconds}.");

    public static IReadOnlyList<Option> All { get; } = [Engine, Timeout];

    /// <summary>Runs an action on all ranks; a fault on one ends the others.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="device">Value of <c>--device</c>.</param>
    /// <param name="action">The action, with the ranks; returns the exit code.</param>
    public static int OnRanks(ParseResult result, string device, Func<ICollectives, int> action)
    {
        var engine = Engines[result.GetRequiredValue(Engine)];
        var environment = engine == DistributedEngine.Alone ? new LaunchEnvironment() : LaunchEnvironment.Read();
        RankDevices.Choose(environment);
        if (environment.Rank > 0)
            Console.SetOut(TextWriter.Null); // rank 0 tells
        var timeout = result.GetValue(Timeout) is { } seconds ? CheckTimeout(seconds) : Ranks.DefaultTimeout;
        using var ranks = Ranks.Join(engine, environment, SharedOptions.ResolveDevice(device), timeout);
        try
        {
            return action(ranks);
        }
        catch (Exception fault) when (ranks.World > 1)
        {
            var code = CommandRunner.Report(fault, $"rank {ranks.Rank}: ");
            ranks.Abort(code);
            return code;
        }
    }

    private static Option<string> CreateEngine()
    {
        var option = new Option<string>("--distributed")
        {
            Description = "What joins the processes that torchrun, srun or mpirun has started; auto: NCCL with GPUs, MPI without.",
            DefaultValueFactory = _ => "auto",
        };
        option.AcceptOnlyFromAmong([.. Engines.Keys]);
        return option;
    }

    private static TimeSpan CheckTimeout(double seconds)
        => seconds is > 0 and < 1e6 ? TimeSpan.FromSeconds(seconds) : throw new UsageException($"{Timeout.Name}: expected above 0 and below 1000000, got {seconds}");
}
