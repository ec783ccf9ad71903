using System.CommandLine;
using T5GemmaSharp.Training.Commands;

var root = new RootCommand("Trains, measures and runs T5Gemma models.")
{
    TrainCommand.Create(),
    GenerateCommand.Create(),
    EvaluateCommand.Create(),
    InspectCommand.Create(),
};
return CommandRunner.Run(root, args);
