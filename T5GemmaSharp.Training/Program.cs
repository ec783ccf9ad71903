using T5GemmaSharp.Training.Commands;

ProcessTuning.Apply();
return CommandRunner.Run(CommandLine.Create(), args);
