using System.CommandLine;
using T5GemmaSharp.Checkpoints.Hub;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>download</c>: a repository of the Hugging Face hub into a folder. It needs no libtorch.</summary>
internal static class DownloadCommand
{
    private static readonly Argument<string> Repository = new("NAME") { Description = "The repository, OWNER/NAME." };
    private static readonly Option<string> Revision = new("--revision") { Description = "Branch, tag or commit.", HelpName = "REV", DefaultValueFactory = _ => "main" };
    private static readonly Option<string?> Out = new("--out") { Description = "Folder for the files. Default: weights/ and the name without its owner.", HelpName = "DIR" };
    private static readonly Option<string?> Token = new("--token") { Description = "Token of an account that may read the repository. Default: that of HF_TOKEN, which no list of processes shows.", HelpName = "TOKEN" };
    private static readonly Option<string[]> Include = Patterns("--include", "Patterns of the files to fetch. Default: what T5Gemma needs.");
    private static readonly Option<string[]> Exclude = Patterns("--exclude", "Patterns of files to leave out.");
    private static readonly Option<int?> Parallel = NumberOption.Create<int>("--parallel", "How many files to fetch at once. Default: 4.", least: 1);
    private static readonly Option<Uri?> Endpoint = new("--endpoint")
    {
        Description = $"Address of the hub. Default: that of HF_ENDPOINT, else {HubDownloader.DefaultEndpoint}.",
        HelpName = "URL",
        CustomParser = result =>
        {
            if (Uri.TryCreate(result.Tokens[^1].Value, UriKind.Absolute, out var endpoint))
                return endpoint;
            result.AddError("--endpoint: expected an address with http:// or https://, got something else");
            return null;
        },
    };

    public static Command Create()
    {
        var command = new Command("download", "Downloads a model from the Hugging Face hub, or goes on with a download.")
        {
            Repository, Revision, Out, Token, Include, Exclude, Parallel, Endpoint,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult result)
    {
        var defaults = new HubDownloadOptions();
        using var downloader = new HubDownloader(new HubDownloadOptions
        {
            Revision = result.GetRequiredValue(Revision),
            Token = result.GetValue(Token),
            Include = result.GetValue(Include) is { Length: > 0 } include ? include : defaults.Include,
            Exclude = result.GetValue(Exclude) ?? [],
            MaxParallelFiles = result.GetValue(Parallel) ?? defaults.MaxParallelFiles,
            Endpoint = result.GetValue(Endpoint),
        });
        var repository = result.GetRequiredValue(Repository);
        var folder = result.GetValue(Out) ?? Path.Combine("weights", repository[(repository.LastIndexOf('/') + 1)..]);
        using var interruption = new Interruption();
        try
        {
            var download = downloader.DownloadAsync(repository, folder, new DownloadProgress(Console.Error), interruption.Token).GetAwaiter().GetResult();
            Console.WriteLine($"{download.Folder}: {download.Files.Count} files of {download.Repository} at {download.Commit}, {download.Fetched.Count} of them fetched now");
            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("interrupted; the same command goes on from here");
            throw;
        }
    }

    private static Option<string[]> Patterns(string name, string description) =>
        new(name) { Description = $"{description} * is any text, ? any character.", HelpName = "PATTERN", AllowMultipleArgumentsPerToken = true };
}
