using System.CommandLine;
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

    // The folder is reserved first: one in use costs no merging.
    private static int Run(string model, string adapter, string output) => OutputFolder.Fill(output, Name, () => AdapterMerge.Write(model, adapter, output));
}
