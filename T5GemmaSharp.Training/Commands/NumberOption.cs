using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace T5GemmaSharp.Training.Commands;

/// <summary>Options with a number, whose errors say what was expected and what was given.</summary>
internal static class NumberOption
{
    public static Option<T?> Create<T>(string name, string description)
        where T : struct, INumber<T>
    {
        var option = new Option<T?>(name) { Description = description, HelpName = "N" };
        option.CustomParser = result => Parse<T>(name, result);
        return option;
    }

    private static T? Parse<T>(string name, ArgumentResult result)
        where T : struct, INumber<T>
    {
        var text = result.Tokens[^1].Value;
        if (T.TryParse(text, NumberStyles.Float & ~NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number))
            return number;
        result.AddError($"{name}: expected {Describe<T>()}, got '{text}'");
        return null;
    }

    private static string Describe<T>() => typeof(T) == typeof(double) ? "a number" : typeof(T) == typeof(ulong) ? "an integer from 0" : "an integer";
}
