using System.CommandLine;
using System.Globalization;
using T5GemmaSharp.Training.Distributed;
using T5GemmaSharp.Training.Distributed.Checking;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>collectives</c>: tries what joins the ranks.</summary>
internal static class CollectivesCommand
{
    private static readonly Option<string> Device = SharedOptions.Device();

    public static Command Create()
    {
        var command = new Command("collectives", "Tries what joins the processes of torchrun, srun or mpirun: every operation, size and dtype that training uses, and its speed.") { Device };
        foreach (var option in DistributedOptions.All)
            command.Add(option);
        command.SetTorchAction(result => DistributedOptions.OnRanks(result, result.GetRequiredValue(Device), Run));
        return command;
    }

    private static int Run(ICollectives ranks)
    {
        var faults = CollectivesCheck.Faults(ranks);
        foreach (var fault in faults)
            Console.Error.WriteLine($"error: {fault}");
        var all = ranks.Sum([(long)faults.Count])[0];
        var speed = CollectivesCheck.GigabytesPerSecond(ranks);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{ranks.Engine}: {ranks.World} ranks on {ranks.Device.type}, {all} faults, all-reduce of 17 MB at {speed:F2} GB/s"));
        return all == 0 ? ExitCode.Done : ExitCode.Unexpected;
    }
}
