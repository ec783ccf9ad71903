using System.CommandLine;
using System.Globalization;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Merging;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>average</c>: a model whose weights are the mean of several models' weights.</summary>
internal static class AverageCommand
{
    private const string Name = "average";

    private static readonly Option<string[]> Models = new("--models") { Description = "Folders of models of the same shapes, at least two.", HelpName = "DIR", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<string?> Run = new("--run") { Description = "Folder of a run whose checkpoints are averaged, with --last.", HelpName = "DIR" };
    private static readonly Option<int?> Last = NumberOption.Create<int>("--last", "How many of the run's checkpoints, the newest ones.", least: 2);
    private static readonly Option<string[]> Weights = new("--weights") { Description = "Weight of each model, in their order. Default: the same for all.", HelpName = "N", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<string> Output = new("--out") { Description = "Folder of the result, new or empty.", HelpName = "DIR", Required = true };

    public static Command Create()
    {
        var command = new Command(Name, "Writes the mean of the weights of several models, computed in float32 and stored in their dtype, with the other files of the first.")
        {
            Models, Run, Last, Weights, Output,
        };
        command.SetTorchAction(Average);
        return command;
    }

    private static int Average(ParseResult result)
    {
        var models = Folders(result);
        var weights = ParseWeights(result.GetValue(Weights) ?? [], models.Length);
        var output = result.GetRequiredValue(Output);
        return OutputFolder.Fill(output, Name, () => CheckpointAverage.Write(models, weights, output));
    }

    private static string[] Folders(ParseResult result)
    {
        var (models, run, last) = (result.GetValue(Models) ?? [], result.GetValue(Run), result.GetValue(Last));
        if ((run is null) != (last is null))
            throw new UsageException($"{Run.Name}: expected together with {Last.Name}");
        if ((run is null) == (models.Length == 0))
            throw new UsageException($"{Models.Name}: expected either {Models.Name} or {Run.Name} with {Last.Name}, got {(run is null ? "neither" : "both")}");
        if (run is null)
            return models.Length > 1 ? models : throw new UsageException($"{Models.Name}: expected at least two folders, got {models.Length}");
        var checkpoints = TrainingCheckpoints.In(run);
        return checkpoints.Count >= last
            ? [.. checkpoints.TakeLast(last.Value)]
            : throw new UsageException($"{Last.Name}: expected at most the {checkpoints.Count} checkpoints of {run}, got {last}");
    }

    private static double[] ParseWeights(string[] texts, int models)
    {
        if (texts.Length == 0)
            return [.. Enumerable.Repeat(1.0, models)];
        if (texts.Length != models)
            throw new UsageException($"{Weights.Name}: expected {models}, one for each model, got {texts.Length}");
        return [.. texts.Select(text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var weight)
            ? weight
            : throw new UsageException($"{Weights.Name}: expected a number, got '{text}'"))];
    }
}
