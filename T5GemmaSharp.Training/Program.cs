using T5GemmaSharp.Training;

return TrainingProgram.Run(args);
