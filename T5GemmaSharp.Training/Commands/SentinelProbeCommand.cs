using System.CommandLine;
using T5GemmaSharp.Training.Probing;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>sentinel-probe</c>: which marks of spans and modes a model of span corruption knows.</summary>
internal static class SentinelProbeCommand
{
    private static readonly Option<string> Model = SharedOptions.Model();
    private static readonly Option<string[]> Data = new("--data") { Description = "Files of text: .txt or .jsonl, each also compressed (.gz), or .parquet.", HelpName = "FILE", Required = true, AllowMultipleArgumentsPerToken = true };
    private static readonly Option<int?> Passages = NumberOption.Create<int>("--passages", "Most passages to score. Default 200.", least: 1);
    private static readonly Option<int?> Length = NumberOption.Create<int>("--max-length", "Most tokens of the encoder, and of the decoder. Default 512.", least: 1);
    private static readonly Option<string> Mixture = new("--mixture") { Description = "Denoisers: a name or a list, as in train.", HelpName = "NAME", DefaultValueFactory = _ => "t5" };
    private static readonly Option<bool> EncoderBos = new("--encoder-bos") { Description = "Let the encoder's text begin with bos." };
    private static readonly Option<int?> BatchSize = NumberOption.Create<int>("--batch-size", "Passages that go through the model together. Default 8.", least: 1);
    private static readonly Option<ulong?> Seed = NumberOption.Create<ulong>("--seed", "Seed of the corruption. Default 0.");
    private static readonly Option<string> Device = SharedOptions.Device();
    private static readonly Option<string> DType = SharedOptions.DType();
    private static readonly Option<bool> Json = SharedOptions.Json();

    public static Command Create()
    {
        var command = new Command("sentinel-probe", "Scores the same corrupted passages with other marks of spans and modes each time: a model that was trained on one convention finds it the likeliest.")
        {
            Model, Data, Passages, Length, Mixture, EncoderBos, BatchSize, Seed, Device, DType, Json,
        };
        command.SetTorchAction(Run);
        return command;
    }

    private static int Run(ParseResult result)
    {
        using var interruption = new Interruption();
        var defaults = new SentinelProbeRequest { Data = result.GetRequiredValue(Data) };
        var request = defaults with
        {
            Passages = result.GetValue(Passages) ?? defaults.Passages,
            Length = result.GetValue(Length) ?? defaults.Length,
            Mixture = result.GetRequiredValue(Mixture),
            EncoderBos = result.GetValue(EncoderBos),
            BatchSize = result.GetValue(BatchSize) ?? defaults.BatchSize,
            Seed = result.GetValue(Seed) ?? defaults.Seed,
        };
        using var loaded = ModelFolder.Load(result.GetRequiredValue(Model), result.GetRequiredValue(Device), result.GetRequiredValue(DType));
        var report = SentinelProbe.Run(loaded.Model, loaded.Tokenizer, request, interruption.Token);
        Console.WriteLine(result.GetValue(Json) ? report.ToJson() : report.ToText());
        return ExitCode.Done;
    }
}
