using System.CommandLine;
using System.Globalization;
using T5GemmaSharp.Training.Recipes.G2p;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>evaluate</c>: error rates on words of the embedded recipe.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var model = SharedOptions.Model();
        var split = new Option<DataSplit>("--split") { Description = "Part of the dictionary.", DefaultValueFactory = _ => DataSplit.Test };
        var device = SharedOptions.Device();
        var dtype = SharedOptions.DType();
        var json = SharedOptions.Json();
        var command = new Command("evaluate", "Measures word and phoneme error rate on the embedded recipe's test words.") { model, split, device, dtype, json };
        command.SetTorchAction(result => Run(
            result.GetRequiredValue(model),
            result.GetValue(split),
            result.GetRequiredValue(device),
            result.GetRequiredValue(dtype),
            result.GetValue(json)));
        return command;
    }

    private static int Run(string folder, DataSplit split, string device, string dtype, bool asJson)
    {
        using var interruption = new Interruption();
        using var loaded = ModelFolder.Load(folder, device, dtype);
        var words = G2pRecipe.Load().Words(split);
        var (errors, _) = new G2pEvaluator(loaded.Model, loaded.Tokenizer).Evaluate(words, interruption.Token);
        Console.WriteLine(asJson
            ? string.Create(CultureInfo.InvariantCulture, $"{{\"wer\":{errors.WordErrorRate:R},\"per\":{errors.PhonemeErrorRate:R},\"words\":{errors.Words}}}")
            : string.Create(CultureInfo.InvariantCulture, $"{split}: word error rate {errors.WordErrorRate:P2}, phoneme error rate {errors.PhonemeErrorRate:P2} ({errors.Words} words)"));
        return ExitCode.Done;
    }
}
