// Answers texts; the verb "generate" of T5GemmaSharp.Training as a script.
//
//   dotnet run scripts/generate.cs -- --model weights/t5gemma-b-b-prefixlm-it --chat "Why is the sky blue?"

#:project ../T5GemmaSharp.Training/T5GemmaSharp.Training.csproj
#:property TorchNativeInitializer=false
#:property AssemblyName=T5GemmaSharp.Generate

using T5GemmaSharp.Training;

return TrainingProgram.Run(["generate", .. args]);
