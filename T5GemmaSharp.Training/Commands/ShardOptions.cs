using System.CommandLine;
using T5GemmaSharp.Training.Distributed;
using T5GemmaSharp.Training.Distributed.Sharding;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The option of verbs that work on a part of their rows.</summary>
internal static class ShardOptions
{
    /// <summary>The part.</summary>
    public static Option<string?> Shard { get; } = new("--shard")
    {
        Description = "Work on one of N parts of the rows of all files: I/N, I from 0, or auto in an array of Slurm or under a launcher. The output's name gets -I-of-N; started again it goes on; the parts' outputs in their order are that of the whole (0/1).",
        HelpName = "I/N|auto",
    };

    /// <summary>Reads the request.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="files">The files.</param>
    /// <param name="output">The option of the output.</param>
    /// <param name="free">Options that the output does not depend on.</param>
    /// <returns>Null: all rows of one file are worked on in one go.</returns>
    /// <exception cref="UsageException">There are several files without a part, or no files or no output with one.</exception>
    public static ShardRequest? Read(ParseResult result, Option<string[]> files, Option<string?> output, params Option[] free)
    {
        var names = result.GetValue(files) ?? [];
        if (result.GetValue(Shard) is not { } choice)
            return names.Length < 2 ? null : throw new UsageException($"{files.Name}: expected one file without {Shard.Name}, got {names.Length}; {Shard.Name} 0/1 takes them as one");
        if (names.Length == 0)
            throw new UsageException($"{Shard.Name}: expected with {files.Name}, whose rows have numbers");
        var path = result.GetValue(output) ?? throw new UsageException($"{Shard.Name}: expected with {output.Name}, whose name the parts' outputs get");
        if (choice == ShardChoice.FromEnvironment)
            RankDevices.Choose(LaunchEnvironment.Read());
        Option[] without = [Shard, output, files, .. free];
        var settings = result.CommandResult.Command.Options.Except(without)
            .Select(option => (option.Name, Result: result.GetResult(option))).Where(item => item.Result is { Implicit: false })
            .Select(item => $"{item.Name} {string.Join(' ', item.Result!.Tokens.Select(token => token.Value))}").Order(StringComparer.Ordinal);
        return new ShardRequest(ShardChoice.Parse(choice, Environment.GetEnvironmentVariable), names, path, string.Join('\n', settings));
    }
}
