using System.CommandLine;
using System.Text.Json;

namespace T5GemmaSharp.Training.Commands;

/// <summary>
/// Options in a JSON file, in an object under the verb's name: <c>{ "train": { "batch_size": 64, "tf32": true } }</c>. What stands on the command line too counts there. Beside
/// the verbs' objects the file may tell about itself: <c>description</c>, <c>command</c>, <c>result</c>.
/// </summary>
internal static class OptionsFile
{
    private const string Name = "--config";
    private const string EndOfOptions = "--";

    private static readonly string[] Remarks = ["description", "command", "result"];

    /// <summary>The option by which a verb takes such a file.</summary>
    public static Option<string?> CreateOption()
        => new(Name) { Description = "JSON file with options of this verb, in an object under the verb's name; the command line overrides them.", HelpName = "FILE" };

    /// <summary>Adds the options of the file, if one is named, to a command line.</summary>
    /// <param name="root">The verbs.</param>
    /// <param name="arguments">The command line.</param>
    /// <exception cref="UsageException">The file is not as described.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static string[] Expand(RootCommand root, string[] arguments)
    {
        var verb = root.Subcommands.FirstOrDefault(command => command.Name == arguments.FirstOrDefault());
        if (verb is null || verb.Options.All(option => option.Name != Name) || PathIn(arguments) is not { } path)
            return arguments;
        var end = Array.IndexOf(arguments, EndOfOptions) is var found && found < 0 ? arguments.Length : found;
        var given = arguments[..end];
        var added = Read(path, root, verb).Where(option => !given.Any(word => word == option.Name || word.StartsWith($"{option.Name}=", StringComparison.Ordinal)));
        return [.. given, .. added.SelectMany(option => option.Words), .. arguments[end..]];
    }

    private static string? PathIn(string[] arguments)
    {
        foreach (var (index, word) in arguments.TakeWhile(word => word != EndOfOptions).Index())
        {
            if (word == Name && index + 1 < arguments.Length)
                return arguments[index + 1];
            if (word.StartsWith($"{Name}=", StringComparison.Ordinal))
                return word[(Name.Length + 1)..];
        }

        return null;
    }

    private static List<(string Name, IEnumerable<string> Words)> Read(string path, RootCommand root, Command verb)
    {
        using var document = Parse(path);
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty(verb.Name, out var options) || options.ValueKind != JsonValueKind.Object)
            throw new UsageException($"{Name} {path}: expected an object with an object \"{verb.Name}\" in it, that holds options of this verb");
        string[] known = [.. root.Subcommands.Select(command => command.Name), .. Remarks];
        if (document.RootElement.EnumerateObject().FirstOrDefault(property => !known.Contains(property.Name)) is { Value.ValueKind: not JsonValueKind.Undefined } unknown)
            throw new UsageException($"{Name} {path}: {unknown.Name}: expected one of {string.Join(", ", known)}");
        return [.. options.EnumerateObject().Select(property => Option(path, verb, property))];
    }

    private static JsonDocument Parse(string path)
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(path));
        }
        catch (JsonException fault)
        {
            throw new UsageException($"{Name} {path}: expected JSON, {fault.Message}");
        }
    }

    private static (string Name, IEnumerable<string> Words) Option(string path, Command verb, JsonProperty property)
    {
        var name = $"--{property.Name.Replace('_', '-')}";
        if (name == Name || verb.Options.All(option => option.Name != name))
            throw new UsageException($"{Name} {path}: {property.Name}: expected an option of {verb.Name}, it has no {name} (see {verb.Name} --help)");
        return (name, [.. Words(name, property.Value)]);
    }

    private static IEnumerable<string> Words(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => [name],
        JsonValueKind.False or JsonValueKind.Null => [],
        JsonValueKind.Array => value.EnumerateArray().SelectMany(item => Words(name, item)),
        JsonValueKind.Object => throw new UsageException($"{name}: expected a string, a number, true, false or a list of them in the file of {Name}, got an object"),
        _ => [$"{name}={value}"],
    };
}
