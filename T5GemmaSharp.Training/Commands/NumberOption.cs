using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace T5GemmaSharp.Training.Commands;

/// <summary>Options with a number, whose errors say what was expected and what was given.</summary>
internal static class NumberOption
{
    /// <summary>Creates an option.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it does.</param>
    /// <param name="least">Least number allowed; null: what the number means decides.</param>
    public static Option<T?> Create<T>(string name, string description, T? least = null)
        where T : struct, INumber<T>
    {
        var option = new Option<T?>(name) { Description = description, HelpName = "N" };
        option.CustomParser = result => Parse(name, result, least);
        return option;
    }

    private static T? Parse<T>(string name, ArgumentResult result, T? least)
        where T : struct, INumber<T>
    {
        var text = result.Tokens[^1].Value;
        if (!T.TryParse(text, NumberStyles.Float & ~NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number))
            result.AddError($"{name}: expected {Describe<T>()}, got '{text}'");
        else if (least is { } minimum && number < minimum)
            result.AddError($"{name}: expected at least {minimum}, got {number}");
        else
            return number;
        return null;
    }

    private static string Describe<T>() => typeof(T) == typeof(double) ? "a number" : typeof(T) == typeof(ulong) ? "an integer from 0" : "an integer";
}
