using System.CommandLine;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Quantization;
using T5GemmaSharp.Training.Commands.Train;
using T5GemmaSharp.Training.Quantizing;
using T5GemmaSharp.Training.Recipes.G2p;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>quantize</c>: stores the decoder's matrices as integers, and tells what that costs.</summary>
internal static class QuantizeCommand
{
    /// <summary>Name of the verb.</summary>
    public const string Name = "quantize";

    private const int DefaultMaxNewTokens = 128;
    private const int DefaultBatchSize = 16;

    private static readonly Option<string> Model = SharedOptions.Model();
    private static readonly Option<string?> Quantize = CreateRequired();
    private static readonly Option<string?> Output = new("--out") { Description = "Folder of the quantized model, new or empty. Default: it is measured only.", HelpName = "DIR" };
    private static readonly Option<string[]> Data = new("--data") { Description = "Files to measure on before and after: .jsonl or .txt, each also compressed (.gz), or .parquet.", HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<DataSplit?> Split = new("--split") { Description = "Measure on this part of the embedded recipe's dictionary, with error rates." };
    private static readonly Option<int?> BatchSize = NumberOption.Create<int>("--batch-size", $"Examples a batch. Default {DefaultBatchSize}.", least: 1);
    private static readonly Option<int?> MaxNewTokens = NumberOption.Create<int>("--max-new-tokens", $"Most tokens of an answer. Default {DefaultMaxNewTokens}.", least: 1);
    private static readonly Option<ulong?> Seed = NumberOption.Create<ulong>("--seed", "Seed of what the denoisers of raw text take away. Default 0.");
    private static readonly Option<string> Device = SharedOptions.Device();
    private static readonly Option<string> DType = CreateDType();
    private static readonly Option<bool> Json = SharedOptions.Json();

    public static Command Create()
    {
        var command = new Command(Name, "Stores the matrices of a model's decoder as integers, and tells what that saves and loses: bytes, error of the weights and, on data, loss, perplexity, token accuracy and how far greedy answers agree.");
        foreach (var option in (IEnumerable<Option>)[Model, Quantize, Output, Data, .. ExampleOptions.All, Split, BatchSize, MaxNewTokens, Seed, Device, DType, Json])
            command.Add(option);
        command.SetTorchAction(result => QuantizationRun.Run(Read(result)));
        return command;
    }

    private static Option<string?> CreateRequired()
    {
        var option = SharedOptions.Quantize();
        option.Required = true;
        return option;
    }

    private static Option<string> CreateDType()
    {
        var option = SharedOptions.DType();
        option.Description = "Dtype of what is not quantized; auto: the stored one.";
        return option;
    }

    private static QuantizationRequest Read(ParseResult result)
    {
        var (data, split) = (result.GetValue(Data) ?? [], result.GetValue(Split));
        if (data.Length > 0 && split is not null)
            throw new UsageException($"{Split.Name}: expected without {Data.Name}, got both");
        if (ExampleOptions.IsClassification(result))
            throw new UsageException($"{ExampleOptions.Objective.Name}: expected that of a model that writes, got {result.GetRequiredValue(ExampleOptions.Objective)}");
        return new QuantizationRequest
        {
            Model = result.GetRequiredValue(Model),
            Quantization = WeightQuantization.Parse(result.GetRequiredValue(Quantize)!), // it is required
            Output = result.GetValue(Output),
            Device = result.GetRequiredValue(Device),
            DType = result.GetRequiredValue(DType),
            Data = data,
            Examples = ExampleOptions.Read(result, result.GetValue(Seed) ?? 0),
            Split = split,
            Generation = new GenerationConfig { MaxNewTokens = result.GetValue(MaxNewTokens) ?? DefaultMaxNewTokens, DoSample = false, NumBeams = 1 },
            BatchSize = result.GetValue(BatchSize) ?? DefaultBatchSize,
            WritesJson = result.GetValue(Json),
        };
    }
}
