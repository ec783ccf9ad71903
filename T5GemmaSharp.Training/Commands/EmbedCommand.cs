using System.CommandLine;
using T5GemmaSharp.Hosting;
using T5GemmaSharp.Training.Prediction;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>embed</c>: vectors of texts.</summary>
internal static class EmbedCommand
{
    private const string Mean = "mean";
    private const string LastToken = "last";

    private static readonly RowInputOptions Rows = new("a string, or an object with a text", "vectors", "the rest of a text is left out");
    private static readonly Option<string> Pooling = CreatePooling();
    private static readonly Option<bool> Raw = new("--no-normalize") { Description = "Leave the vectors as they are, instead of giving them length one." };

    public static Command Create()
    {
        var command = new Command("embed", "Makes a vector of each text from the states of the model's encoder, and writes a line of JSON for each: embedding, a list of numbers.");
        foreach (var option in Rows.All)
            command.Add(option);
        command.Add(Pooling);
        command.Add(Raw);
        command.SetTorchAction(result => PredictionRun.Run(Rows.Read(result), request => EmbeddingLabeller.Load(request, PoolingOf(result.GetRequiredValue(Pooling)), !result.GetValue(Raw))));
        return command;
    }

    private static Option<string> CreatePooling()
    {
        var option = new Option<string>("--pooling") { Description = "What the vector is: the mean of the tokens' states, or the last token's.", DefaultValueFactory = _ => Mean };
        option.AcceptOnlyFromAmong(Mean, LastToken);
        return option;
    }

    private static T5GemmaPooling PoolingOf(string name) => name == Mean ? T5GemmaPooling.Mean : T5GemmaPooling.LastToken;
}
