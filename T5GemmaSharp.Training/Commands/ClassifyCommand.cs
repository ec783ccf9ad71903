using System.CommandLine;
using T5GemmaSharp.Training.Prediction;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>classify</c>: labels texts or words.</summary>
internal static class ClassifyCommand
{
    private const string StandardInput = "-";
    private const int DefaultBatchSize = 32;
    private const int DefaultMaxLength = 512;

    private static readonly Option<string> Model = SharedOptions.Model();
    private static readonly Option<string?> Adapter = new("--adapter") { Description = "Folder of a LoRA or DoRA adapter with a head, which is merged into the weights in memory.", HelpName = "DIR" };
    private static readonly Option<string> InputFile = new("--input") { Description = "File with a text a line; *.jsonl: rows as in training data, of which labels do not matter. Default: standard input.", HelpName = "FILE|-", DefaultValueFactory = _ => StandardInput };
    private static readonly Option<bool> Jsonl = new("--jsonl") { Description = "Lines are JSON: a string, or an object with a text, two texts, or tokens." };
    private static readonly Option<string?> Output = new("--output") { Description = "Write the predictions to this file, which appears when all are there.", HelpName = "FILE" };
    private static readonly Option<int?> BatchSize = NumberOption.Create<int>("--batch-size", $"Most rows a batch. Default {DefaultBatchSize}.", least: 1);
    private static readonly Option<int?> MaxLength = NumberOption.Create<int>("--max-source-length", $"Most tokens of a row; words that are cut off have the label null. Default {DefaultMaxLength}.", least: 1);
    private static readonly Option<string> Device = SharedOptions.Device();
    private static readonly Option<string> DType = SharedOptions.DType();

    public static Command Create()
    {
        var command = new Command("classify", "Labels texts or words, by the head of the model, and writes a line of JSON for each row: label, score and scores; labels and scores; score alone for a predicted number; or tokens, labels and scores, with offsets in UTF-16 units where the words are those of a text.")
        {
            Model, Adapter, InputFile, Jsonl, Output, BatchSize, MaxLength, Device, DType,
        };
        command.SetTorchAction(result => PredictionRun.Run(Read(result)));
        return command;
    }

    private static PredictionRequest Read(ParseResult result)
    {
        var input = result.GetRequiredValue(InputFile);
        return new PredictionRequest
        {
            Model = result.GetRequiredValue(Model),
            Adapter = result.GetValue(Adapter),
            Device = result.GetRequiredValue(Device),
            DType = result.GetRequiredValue(DType),
            Input = input == StandardInput ? null : input,
            ReadsJson = result.GetValue(Jsonl) || TextInput.IsJson(input),
            Output = result.GetValue(Output),
            BatchSize = result.GetValue(BatchSize) ?? DefaultBatchSize,
            MaxLength = result.GetValue(MaxLength) ?? DefaultMaxLength,
        };
    }
}
