using System.CommandLine;
using T5GemmaSharp.Training.Commands.Evaluate;
using T5GemmaSharp.Training.Commands.Teachers;
using T5GemmaSharp.Training.Commands.Train;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The program's verbs.</summary>
internal static class CommandLine
{
    public static RootCommand Create() => new("Trains, measures and runs T5Gemma models.")
    {
        TrainCommand.Create(),
        ValidateCommand.Create(),
        GenerateCommand.Create(),
        ClassifyCommand.Create(),
        EmbedCommand.Create(),
        EvaluateCommand.Create(),
        InspectCommand.Create(),
        DownloadCommand.Create(),
        TokenizeCommand.Create(),
        BenchmarkCommand.Create(),
        CollectivesCommand.Create(),
        QuantizeCommand.Create(),
        MergeAdapterCommand.Create(),
        AverageCommand.Create(),
        AdaptCommand.Create(),
        DistillTargetsCommand.Create(),
        SentinelProbeCommand.Create(),
    };
}
