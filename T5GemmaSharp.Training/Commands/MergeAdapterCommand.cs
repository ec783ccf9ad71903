using System.CommandLine;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Merging;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>merge-adapter</c>: a model folder from a base model and an adapter.</summary>
internal static class MergeAdapterCommand
{
    private const string Name = "merge-adapter";

    public static Command Create()
    {
        var model = SharedOptions.Model();
        var adapter = new Option<string>("--adapter") { Description = "Folder of the adapter: adapter_config.json and adapter_model.safetensors.", HelpName = "DIR", Required = true };
        var output = new Option<string>("--out") { Description = "Folder of the merged model, new or empty.", HelpName = "DIR", Required = true };
        var command = new Command(Name, "Writes a model that has a LoRA or DoRA adapter in its weights, in their dtype, with the tokenizer of the base model.") { model, adapter, output };
        command.SetTorchAction(result => Run(result.GetRequiredValue(model), result.GetRequiredValue(adapter), result.GetRequiredValue(output)));
        return command;
    }

    private static int Run(string model, string adapter, string output)
    {
        RunFolder.Reserve(output, Name); // first: a folder in use costs no merging
        try
        {
            AdapterMerge.Write(model, adapter, output);
        }
        finally
        {
            RunFolder.ReleaseIfEmpty(output);
        }

        Console.WriteLine(output);
        return ExitCode.Done;
    }
}
