using System.CommandLine;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Training.Commands.Train;
using T5GemmaSharp.Training.Finetuning;

namespace T5GemmaSharp.Training.Commands.Evaluate;

/// <summary>Options of measuring on files.</summary>
internal static class FileEvaluationOptions
{
    private const int DefaultMaxNewTokens = 128;
    private const int DefaultBatchSize = 16;

    private static readonly Option<string[]> Data = new("--data") { Description = "Files to measure on: .jsonl or .txt, each also compressed (.gz), or .parquet.", HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<string?> Adapter = new("--adapter") { Description = "Folder of a LoRA or DoRA adapter of the model, with its head if it has one, which is merged into the weights in memory.", HelpName = "DIR" };
    private static readonly Option<string[]> Metrics = new("--metrics") { Description = "Metrics of generated answers: rouge, bleu, exact_match, squad_f1, ..., by default none, and nothing is generated; or of classes, by default all that suit the labels.", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<int?> BatchSize = NumberOption.Create<int>("--batch-size", $"Examples a batch; the numbers do not depend on it, but for texts with a head on the decoder, which padding moves as in the reference. Default {DefaultBatchSize}.", least: 1);
    private static readonly Option<ulong?> Seed = NumberOption.Create<ulong>("--seed", "Seed of what the denoisers of raw text take away. Default 0.");
    private static readonly Option<string?> Predictions = new("--predictions") { Description = "Write each generated answer and what was expected to this file, as a line of JSON: index, prediction, reference.", HelpName = "FILE" };

    // Of models that write; classify writes what heads predict.
    private static readonly Option[] Generative = [.. ExampleOptions.Generative, Seed, Predictions, .. GenerationSettingOptions.All.Select(setting => setting.Option)];

    public static IReadOnlyList<Option> All { get; } =
    [
        Data, .. ExampleOptions.All, Adapter, Metrics, BatchSize, Seed, Predictions, .. GenerationSettingOptions.All.Select(setting => setting.Option),
    ];

    /// <summary>Whether files are given to measure on.</summary>
    public static bool AreGiven(ParseResult result) => result.GetValue(Data) is { Length: > 0 };

    public static FileEvaluationRequest Read(ParseResult result, string model, string device, string dtype, bool asJson)
    {
        ExampleOptions.RefuseOthers(result, Generative, ofHeads: []);
        var generation = GenerationSettingOptions.All.Aggregate(new GenerationConfig(), (settings, setting) => setting.Apply(settings, result));
        if (generation is { MaxNewTokens: null, MaxLength: null })
            generation = generation with { MaxNewTokens = DefaultMaxNewTokens };
        if (generation.NumReturnSequences is > 1 and var answers)
            throw new UsageException($"--num-return-sequences: expected 1, which is what metrics are of, got {answers}");
        return new FileEvaluationRequest
        {
            Model = model,
            Adapter = result.GetValue(Adapter),
            Device = device,
            DType = dtype,
            Data = result.GetRequiredValue(Data),
            Examples = ExampleOptions.Read(result, result.GetValue(Seed) ?? 0),
            Measuring = new MeasuringOptions(result.GetValue(Metrics) ?? [], generation, result.GetValue(BatchSize) ?? DefaultBatchSize),
            Predictions = result.GetValue(Predictions),
            WritesJson = asJson,
        };
    }
}
