using System.CommandLine;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Validation;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>validate</c>: what data files hold, as a training run would see them. It needs no libtorch.</summary>
internal static class ValidateCommand
{
    private static readonly Option<string> Model = new("--model") { Description = "Folder with tokenizer.json, or that file.", HelpName = "DIR", Required = true };
    private static readonly Option<string> Objective = CreateObjective();
    private static readonly Option<int?> MaxSourceLength = NumberOption.Create<int>("--max-source-length", "Most tokens of the encoder. Default: no limit.", least: 1);
    private static readonly Option<int?> MaxTargetLength = NumberOption.Create<int>("--max-target-length", "Most tokens of the decoder, eos included. Default: no limit.", least: 1);
    private static readonly Option<bool> Json = SharedOptions.Json();

    private static readonly Option<string[]> Data = new("--data")
    {
        Description = "Files: .jsonl or .txt, each also compressed (.gz), or .parquet.",
        HelpName = "FILE",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string[]> Map = new("--map")
    {
        Description = "Keys of the rows where they are others than those known: input=article target=highlights, input=translation.de.",
        HelpName = "FIELD=KEY",
        AllowMultipleArgumentsPerToken = true,
    };

    // What the other objectives would ignore.
    private static readonly (Option<int?> Option, string[] Objectives)[] Limits =
    [
        (MaxSourceLength, ["seq2seq", "chat", "classify", "token-classify"]),
        (MaxTargetLength, ["seq2seq", "chat"]),
    ];

    public static Command Create()
    {
        var command = new Command("validate", "Reads training data and shows counts, lengths, labels and examples, or the first row that is wrong.")
        {
            Model, Data, Objective, Map, MaxSourceLength, MaxTargetLength, Json,
        };
        command.SetAction(Run);
        return command;
    }

    private static Option<string> CreateObjective()
    {
        var option = new Option<string>("--objective") { Description = "What the data is for.", DefaultValueFactory = _ => "seq2seq" };
        option.AcceptOnlyFromAmong([.. DataValidation.Objectives.Keys]);
        return option;
    }

    private static int Run(ParseResult result)
    {
        var objective = result.GetRequiredValue(Objective);
        foreach (var (option, objectives) in Limits)
        {
            if (result.GetValue(option) is not null && !objectives.Contains(objective))
                throw new UsageException($"{option.Name}: expected with {Objective.Name} {string.Join(", ", objectives)}, got {objective}, which is not cut so");
        }

        using var interruption = new Interruption();
        var options = new DataFileOptions
        {
            Map = KeyMap.Parse(result.GetValue(Map) ?? []),
            MaxSourceLength = result.GetValue(MaxSourceLength),
            MaxTargetLength = result.GetValue(MaxTargetLength),
        };
        var tokenizer = T5GemmaTokenizer.FromPretrained(result.GetRequiredValue(Model));
        var report = DataValidation.Objectives[objective](new ValidationRequest(tokenizer, result.GetRequiredValue(Data), options, interruption.Token));
        Console.WriteLine(result.GetValue(Json) ? ValidationJson.Write(report) : ValidationText.Write(report));
        return ExitCode.Done;
    }
}
