// Trains a model on files; the verb "train" of T5GemmaSharp.Training as a script.
//
//   dotnet run scripts/finetune.cs -- --model weights/t5gemma-b-b-prefixlm --data pairs.jsonl --eval-data held-out.jsonl --metrics rouge

#:project ../T5GemmaSharp.Training/T5GemmaSharp.Training.csproj
#:property TorchNativeInitializer=false
#:property AssemblyName=T5GemmaSharp.Finetune

using T5GemmaSharp.Training;

return TrainingProgram.Run(["train", .. args]);
