// Downloads a model from the Hugging Face hub, or goes on with a download; the verb "download" of T5GemmaSharp.Training as a script.
//
//   HF_TOKEN=... dotnet run scripts/download.cs -- google/t5gemma-b-b-prefixlm-it

#:project ../T5GemmaSharp.Training/T5GemmaSharp.Training.csproj
#:property TorchBackend=none
#:property TorchNativeInitializer=false
#:property AssemblyName=T5GemmaSharp.Download

using T5GemmaSharp.Training;

return TrainingProgram.Run(["download", .. args]);
