using System.CommandLine;
using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The options that restrict what an answer may be, of which a command line has one at most.</summary>
internal static class AnswerConstraintOptions
{
    private static readonly Option<string?> Regex = new("--regex") { Description = "Answers are texts that this regular expression matches as a whole.", HelpName = "PATTERN" };
    private static readonly Option<string?> JsonSchema = new("--json-schema") { Description = "Answers are JSON that fits the JSON schema in this file.", HelpName = "FILE" };
    private static readonly Option<string[]> Choices = new("--choices") { Description = "Answers are this text or another one given so. May be given several times.", HelpName = "TEXT" };

    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<Option> All { get; } = [Regex, JsonSchema, Choices];

    /// <summary>What a command line allows; null: everything. Files are read now, the constraint needs the tokenizer.</summary>
    /// <exception cref="UsageException">There are two; or, from the function, the constraint is not valid.</exception>
    public static Func<T5GemmaTokenizer, TokenConstraint>? Read(ParseResult result)
    {
        Option[] given = [.. All.Where(option => result.GetResult(option) is not null)];
        if (given is [var first, var second, ..])
            throw new UsageException($"{second.Name}: expected without {first.Name}, got both");
        if (result.GetValue(Regex) is { } pattern)
            return Named(Regex.Name, tokenizer => TokenConstraint.FromRegex(tokenizer, pattern));
        if (result.GetValue(JsonSchema) is { } file)
        {
            var schema = File.ReadAllText(file);
            return Named($"{JsonSchema.Name}: {file}", tokenizer => TokenConstraint.FromJsonSchema(tokenizer, schema));
        }

        return result.GetValue(Choices) is { Length: > 0 } texts ? tokenizer => TokenConstraint.FromChoices(tokenizer, texts) : null;
    }

    private static Func<T5GemmaTokenizer, TokenConstraint> Named(string place, Func<T5GemmaTokenizer, TokenConstraint> create) => tokenizer =>
    {
        try
        {
            return create(tokenizer);
        }
        catch (ConstraintException exception)
        {
            throw new UsageException($"{place}: {exception.Message}");
        }
    };
}
