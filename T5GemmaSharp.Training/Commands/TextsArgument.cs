using System.CommandLine;
using System.CommandLine.Parsing;

namespace T5GemmaSharp.Training.Commands;

/// <summary>Any number of texts on the command line.</summary>
internal static class TextsArgument
{
    public static Argument<string[]> Create(string description) => new("text") { Description = description, Arity = ArgumentArity.ZeroOrMore };

    /// <summary>The texts of a command line.</summary>
    /// <exception cref="UsageException">One looks like an option, which is then a mistyped one, unless <c>--</c> stands before it.</exception>
    public static string[] Read(ParseResult result, Argument<string[]> argument)
    {
        var texts = result.GetValue(argument) ?? [];
        var unprotected = result.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash).Select(token => token.Value);
        if (texts.Intersect(unprotected).FirstOrDefault(text => text.StartsWith("--", StringComparison.Ordinal)) is { } option)
            throw new UsageException($"{option}: expected an option of this command or a text, and a text that begins with dashes behind --");
        return texts;
    }
}
