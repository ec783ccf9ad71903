using System.CommandLine;
using T5GemmaSharp.Training.Evaluation;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>generate</c>: answers each text by greedy decoding.</summary>
internal static class GenerateCommand
{
    private const int BatchSize = 64;
    private const int DefaultMaxNewTokens = 64;

    public static Command Create()
    {
        var texts = new Argument<string[]>("text") { Description = "Texts for the encoder; each is answered on a line.", Arity = ArgumentArity.OneOrMore };
        var model = SharedOptions.Model();
        var maxNewTokens = NumberOption.Create<int>("--max-new-tokens", $"Longest answer in tokens. Default {DefaultMaxNewTokens}.");
        var chat = new Option<bool>("--chat") { Description = "Each text is the user's turn of a conversation: the tokenizer's chat template writes it out." };
        var device = SharedOptions.Device();
        var dtype = SharedOptions.DType();
        var command = new Command("generate", "Answers texts by greedy decoding.") { texts, model, maxNewTokens, chat, device, dtype };
        command.SetTorchAction(result => Run(
            result.GetRequiredValue(model),
            result.GetRequiredValue(texts),
            result.GetValue(maxNewTokens) ?? DefaultMaxNewTokens,
            result.GetValue(chat),
            result.GetRequiredValue(device),
            result.GetRequiredValue(dtype)));
        return command;
    }

    private static int Run(string folder, string[] texts, int maxNewTokens, bool isChat, string device, string dtype)
    {
        if (maxNewTokens < 1)
            throw new UsageException($"--max-new-tokens: expected at least 1, got {maxNewTokens}");
        using var interruption = new Interruption();
        using var loaded = ModelFolder.Load(folder, device, dtype);
        var decoder = new BatchDecoder(loaded.Model, loaded.Tokenizer, maxNewTokens, BatchSize, isChat);
        foreach (var answer in decoder.Decode(texts, interruption.Token))
            Console.WriteLine(answer);
        return ExitCode.Done;
    }
}
