using System.CommandLine;
using T5GemmaSharp.Training.Finetuning;

namespace T5GemmaSharp.Training.Commands.Train;

/// <summary>The verb <c>train</c>: on files, or else the embedded recipe from scratch.</summary>
internal static class TrainCommand
{
    private static readonly Option<string> Device = SharedOptions.Device();

    public static Command Create()
    {
        var command = new Command("train", "Trains a model on files (--model, --data); without files the embedded recipe: from the letters of English words to their phonemes.");
        foreach (var option in (IEnumerable<Option>)[.. FinetuningOptions.All, .. TrainerOptions.All, .. G2pOptions.All, .. DistributedOptions.All, .. DataParallelSettings.All, Device, OptionsFile.CreateOption()])
            command.Add(option);
        command.SetTorchAction(Run);
        return command;
    }

    private static int Run(ParseResult result)
    {
        var isFinetuning = FinetuningOptions.AreGiven(result);
        var useless = (isFinetuning ? G2pOptions.All : FinetuningOptions.All).FirstOrDefault(option => result.GetResult(option) is { Implicit: false });
        if (useless is not null)
            throw new UsageException($"{useless.Name}: expected {(isFinetuning ? "without" : "with")} --data{(isFinetuning ? ", which trains the model of a folder as it is" : "")}");
        var device = result.GetRequiredValue(Device);
        return DistributedOptions.OnRanks(result, device, ranks =>
        {
            TrainerOptions.Apply(result);
            using var parallel = DataParallelSettings.Read(result, ranks);
            return isFinetuning ? FinetuningRun.Run(FinetuningOptions.Read(result, device, parallel)) : G2pTraining.Run(G2pOptions.Read(result, device, parallel));
        });
    }
}
