using System.CommandLine;
using T5GemmaSharp.Training.Adaptation;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>adapt</c>: a T5Gemma model from decoder-only Gemma 2 models.</summary>
internal static class AdaptCommand
{
    private const string Name = "adapt";

    private static readonly Option<string> Encoder = new("--encoder") { Description = "Folder of the Gemma 2 model that becomes the encoder.", HelpName = "DIR", Required = true };
    private static readonly Option<string> Decoder = new("--decoder") { Description = "Folder of the Gemma 2 model that becomes the decoder, with its tokenizer; the same one may be both.", HelpName = "DIR", Required = true };
    private static readonly Option<string> Output = new("--out") { Description = "Folder of the result, new or empty.", HelpName = "DIR", Required = true };
    private static readonly Option<ulong?> Seed = NumberOption.Create<ulong>("--seed", "Seed of weights that no model has: cross-attention between stacks of different widths. Default 0.");

    public static Command Create()
    {
        var command = new Command(Name, "Writes a T5Gemma model made of decoder-only Gemma 2 models, in their dtype. Cross-attention is copied from the decoder's self-attention where the shapes allow it, else it is random: train it first (train --cross-warmup).")
        {
            Encoder, Decoder, Output, Seed,
        };
        command.SetTorchAction(Run);
        return command;
    }

    private static int Run(ParseResult result)
    {
        var output = result.GetRequiredValue(Output);
        return OutputFolder.Fill(output, Name, () => Gemma2Adaptation.Write(result.GetRequiredValue(Encoder), result.GetRequiredValue(Decoder), output, result.GetValue(Seed) ?? 0));
    }
}
