using System.CommandLine;
using T5GemmaSharp.Training.Inspection;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>inspect</c>: what a checkpoint folder holds, without computing anything.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "Checkpoint folder: config.json and safetensors files." };
        var json = SharedOptions.Json();
        var command = new Command("inspect", "Shows configuration, parameters, memory need and key report of a checkpoint.") { folder, json };
        command.SetTorchAction(result => Run(result.GetRequiredValue(folder), result.GetValue(json)));
        return command;
    }

    private static int Run(string folder, bool asJson)
    {
        var inspection = CheckpointInspection.Of(folder);
        Console.WriteLine(asJson ? inspection.ToJson() : inspection.ToText());
        return ExitCode.Done;
    }
}
