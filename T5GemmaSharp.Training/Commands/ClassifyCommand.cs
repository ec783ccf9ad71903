using System.CommandLine;
using T5GemmaSharp.Training.Prediction;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>classify</c>: labels texts or words.</summary>
internal static class ClassifyCommand
{
    private static readonly RowInputOptions Rows = new("a string, or an object with a text, two texts, or tokens", "predictions", "words that are cut off have the label null");
    private static readonly Option<string?> Adapter = new("--adapter") { Description = "Folder of a LoRA or DoRA adapter with a head, which is merged into the weights in memory.", HelpName = "DIR" };

    public static Command Create()
    {
        var command = new Command("classify", "Labels texts or words, by the head of the model, and writes a line of JSON for each row: label, score and scores; labels and scores; score alone for a predicted number; or tokens, labels and scores, with offsets in UTF-16 units where the words are those of a text.");
        foreach (var option in Rows.All)
            command.Add(option);
        command.Add(Adapter);
        command.SetTorchAction(result => PredictionRun.Run(Rows.Read(result) with { Adapter = result.GetValue(Adapter) }, Labeller.Load));
        return command;
    }
}
