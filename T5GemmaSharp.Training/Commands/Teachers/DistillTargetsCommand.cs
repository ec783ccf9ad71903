using System.CommandLine;
using T5GemmaSharp.Training.Commands.Train;
using T5GemmaSharp.Training.Finetuning;
using T5GemmaSharp.Training.Teachers;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Commands.Teachers;

/// <summary>The verb <c>distill-targets</c>: what a teacher says of every target of a data set, in a file for <c>train --teacher-topk</c>.</summary>
internal static class DistillTargetsCommand
{
    private static readonly StoredTeacherOptions Defaults = new();

    private static readonly Option<string> Model = SharedOptions.Model();
    private static readonly Option<string[]> Data = new("--data") { Description = "Files that train --data will get: .jsonl or .txt, each also compressed (.gz), or .parquet.", HelpName = "FILE", Required = true, AllowMultipleArgumentsPerToken = true };
    private static readonly Option<string> Output = new("--out") { Description = "The file to write; it appears when it is complete.", HelpName = "FILE", Required = true };
    private static readonly Option<int?> TopK = NumberOption.Create<int>("--top-k", $"Tokens kept for each target, with what all others have together. Default {Defaults.TopK}.", least: 1);
    private static readonly Option<double?> Temperature = NumberOption.Create<double>("--temperature", "Divisor t of the teacher's logits, above 0; training divides the model's by it too. Default 1.");
    private static readonly Option<string> StoredDType = CreateStoredDType();
    private static readonly Option<int?> Epochs = NumberOption.Create<int>("--epochs", "Epochs of raw text, whose examples are others in each; training begins again with the first after the last. Default 1.", least: 1);
    private static readonly Option<ulong?> Seed = NumberOption.Create<ulong>("--seed", "Seed of what the denoisers of raw text take away, that of the training. Default 0.");
    private static readonly Option<int?> BatchSize = NumberOption.Create<int>("--batch-size", $"Examples a batch. Default {Defaults.BatchSize}.", least: 1);
    private static readonly Option<string> Device = SharedOptions.Device();
    private static readonly Option<string> DType = SharedOptions.DType();

    public static Command Create()
    {
        var command = new Command("distill-targets", "Writes the likeliest tokens of a teacher for each target token of files, with their log-probabilities: knowledge distillation (train --teacher-topk) without the teacher at hand.");
        foreach (var option in (IEnumerable<Option>)[Model, Data, Output, TopK, Temperature, StoredDType, Epochs, .. ExampleOptions.All, Seed, BatchSize, Device, DType])
            command.Add(option);
        command.SetTorchAction(Run);
        return command;
    }

    private static int Run(ParseResult result)
    {
        if (ExampleOptions.IsClassification(result))
            throw new UsageException($"{ExampleOptions.Objective.Name}: expected seq2seq, chat, prefixlm or ul2, got {result.GetRequiredValue(ExampleOptions.Objective)}, which has no target tokens");
        var examples = ExampleOptions.Read(result, result.GetValue(Seed) ?? 0);
        if (result.GetValue(Epochs) is { } && examples.Objective is Objective.Seq2Seq or Objective.Chat)
            throw new UsageException($"{Epochs.Name}: expected with {ExampleOptions.Objective.Name} prefixlm or ul2, the examples of others are the same in every epoch");
        return TeacherRecording.Run(new TeacherRecordingRequest
        {
            Model = result.GetRequiredValue(Model),
            Device = result.GetRequiredValue(Device),
            DType = result.GetRequiredValue(DType),
            Data = result.GetRequiredValue(Data),
            Examples = examples,
            Temperature = result.GetValue(Temperature) ?? 1,
            Output = result.GetRequiredValue(Output),
            Options = Defaults with
            {
                TopK = result.GetValue(TopK) ?? Defaults.TopK,
                DType = result.GetRequiredValue(StoredDType) == "float32" ? ScalarType.Float32 : ScalarType.Float16,
                Epochs = result.GetValue(Epochs) ?? Defaults.Epochs,
                BatchSize = result.GetValue(BatchSize) ?? Defaults.BatchSize,
            },
        });
    }

    private static Option<string> CreateStoredDType()
    {
        var option = new Option<string>("--log-prob-dtype") { Description = "Dtype of the log-probabilities in the file.", DefaultValueFactory = _ => "float16" };
        option.AcceptOnlyFromAmong("float16", "float32");
        return option;
    }
}
