using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Training.Commands;

/// <summary>Options with token ids.</summary>
internal static class IdsOption
{
    /// <summary>One list, such as <c>1,107</c>, in one or several occurrences; <c>none</c> is the empty one.</summary>
    public static Option<long[]> List(string name, string description)
        => Create(name, description, "IDS", tokens => tokens is ["none"] ? [] : tokens.SelectMany(Parse).ToArray());

    /// <summary>A sequence in each occurrence.</summary>
    public static Option<long[][]> Sequences(string name, string description)
        => Create(name, description, "IDS", tokens => tokens.Select(Parse).ToArray());

    /// <summary>A sequence and a number in each occurrence, such as <c>5,9=-2.5</c>.</summary>
    public static Option<SequenceBias[]> Biases(string name, string description)
        => Create(name, description, "IDS=N", tokens => tokens.Select(ParseBias).ToArray());

    /// <summary>A whole number and a number, such as <c>20,1.05</c>.</summary>
    public static Option<ExponentialDecayLengthPenalty> Decay(string name, string description)
        => Create(name, description, "START,FACTOR", tokens => ParseDecay(tokens[^1]));

    private static Option<T> Create<T>(string name, string description, string form, Func<string[], T> parse)
    {
        var option = new Option<T>(name) { Description = description, HelpName = form, Arity = ArgumentArity.OneOrMore };
        option.CustomParser = result => Parse(name, result, parse);
        return option;
    }

    private static T? Parse<T>(string name, ArgumentResult result, Func<string[], T> parse)
    {
        try
        {
            return parse([.. result.Tokens.Select(token => token.Value)]);
        }
        catch (FormatException exception)
        {
            result.AddError($"{name}: {exception.Message}");
            return default;
        }
    }

    private static long[] Parse(string text)
    {
        long[] ids = [.. text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).Select(word => long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : -1)];
        return ids.Length == 0 || ids.Contains(-1) ? throw new FormatException($"expected ids parted by commas, got '{text}'") : ids;
    }

    private static SequenceBias ParseBias(string text)
        => text.Split('=') is [var ids, var number] && TryNumber(number, out var bias)
            ? new SequenceBias(Parse(ids), bias)
            : throw new FormatException($"expected IDS=N, for example 5,9=-2.5, got '{text}'");

    private static ExponentialDecayLengthPenalty ParseDecay(string text)
        => text.Split(',') is [var start, var factor] && long.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var first) && TryNumber(factor, out var growth)
            ? new ExponentialDecayLengthPenalty(first, growth)
            : throw new FormatException($"expected START,FACTOR, for example 20,1.05, got '{text}'");

    private static bool TryNumber(string text, out double number) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);
}
