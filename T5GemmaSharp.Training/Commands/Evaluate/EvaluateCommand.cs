using System.CommandLine;
using System.Globalization;
using T5GemmaSharp.Quantization;
using T5GemmaSharp.Training.Commands.Train;
using T5GemmaSharp.Training.Finetuning;
using T5GemmaSharp.Training.Recipes.G2p;

namespace T5GemmaSharp.Training.Commands.Evaluate;

/// <summary>The verb <c>evaluate</c>: loss and metrics on files, or else error rates on words of the embedded recipe.</summary>
internal static class EvaluateCommand
{
    private static readonly Option<string> Model = SharedOptions.Model();
    private static readonly Option<DataSplit> Split = new("--split") { Description = "Part of the embedded recipe's dictionary.", DefaultValueFactory = _ => DataSplit.Test };
    private static readonly Option<string> Device = SharedOptions.Device();
    private static readonly Option<string> DType = SharedOptions.DType();
    private static readonly Option<string?> Quantize = SharedOptions.Quantize();
    private static readonly Option<bool> Json = SharedOptions.Json();

    public static Command Create()
    {
        var command = new Command("evaluate", "Measures a model on files (--data): loss, perplexity and token accuracy over all target tokens, and metrics of what it generates, or loss and metrics of labels; without files word and phoneme error rate on the embedded recipe's test words.");
        foreach (var option in (IEnumerable<Option>)[Model, .. FileEvaluationOptions.All, Split, Device, DType, Quantize, Json])
            command.Add(option);
        command.SetTorchAction(Run);
        return command;
    }

    private static int Run(ParseResult result)
    {
        var isOnFiles = FileEvaluationOptions.AreGiven(result);
        var useless = (isOnFiles ? [Split] : FileEvaluationOptions.All).FirstOrDefault(option => result.GetResult(option) is { Implicit: false });
        if (useless is not null)
            throw new UsageException($"{useless.Name}: expected {(isOnFiles ? "without" : "with")} --data");
        var (model, device, dtype, asJson) = (result.GetRequiredValue(Model), result.GetRequiredValue(Device), result.GetRequiredValue(DType), result.GetValue(Json));
        if (isOnFiles && result.GetValue(Quantize) is not null && ExampleOptions.IsClassification(result))
            throw new UsageException($"{Quantize.Name}: expected with a model that writes, got {ExampleOptions.Objective.Name} {result.GetRequiredValue(ExampleOptions.Objective)}");
        var quantization = SharedOptions.ResolveQuantization(result.GetValue(Quantize));
        return isOnFiles
            ? FileEvaluation.Run(FileEvaluationOptions.Read(result, model, device, dtype, asJson) with { Quantization = quantization })
            : MeasureRecipe(model, result.GetValue(Split), device, dtype, quantization, asJson);
    }

    private static int MeasureRecipe(string folder, DataSplit split, string device, string dtype, WeightQuantization? quantization, bool asJson)
    {
        using var interruption = new Interruption();
        using var loaded = ModelFolder.Load(folder, device, dtype, quantization);
        var words = G2pRecipe.Load().Words(split);
        var (errors, _) = new G2pEvaluator(loaded.Model, loaded.Tokenizer).Evaluate(words, interruption.Token);
        Console.WriteLine(asJson
            ? string.Create(CultureInfo.InvariantCulture, $"{{\"wer\":{errors.WordErrorRate:R},\"per\":{errors.PhonemeErrorRate:R},\"words\":{errors.Words}}}")
            : string.Create(CultureInfo.InvariantCulture, $"{split}: word error rate {errors.WordErrorRate:P2}, phoneme error rate {errors.PhonemeErrorRate:P2} ({errors.Words} words)"));
        return ExitCode.Done;
    }
}
