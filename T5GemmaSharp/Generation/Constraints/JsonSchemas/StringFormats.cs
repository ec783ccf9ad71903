using T5GemmaSharp.Generation.Constraints.Expressions;
using T5GemmaSharp.Generation.Constraints.RegularExpressions;

namespace T5GemmaSharp.Generation.Constraints.JsonSchemas;

/// <summary>The values of <c>format</c>: RFC 3339 and RFC 9562, within what .NET's types hold (years from 1, offsets to 14 hours, ticks).</summary>
internal static class StringFormats
{
    private const string Year = "(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})";
    private const string LeapYear = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)";
    private const string MonthAndDay = "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)";
    private const string Date = $"(?:{Year}-{MonthAndDay}|{LeapYear}-02-29)";
    private const string Time = @"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,7})?(?:Z|[+\-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))";
    private const string Uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

    private static readonly Dictionary<string, string> Patterns = new()
    {
        ["date"] = Date,
        ["time"] = Time,
        ["date-time"] = $"{Date}T{Time}",
        ["uuid"] = Uuid,
    };

    /// <summary>The texts of a format, without quotes.</summary>
    public static Expression Compile(SchemaNode format)
        => Patterns.TryGetValue(format.Text(), out var pattern)
            ? RegexParser.Parse(pattern, Expression.Character, "format")[0].Body
            : throw format.Error($"expected one of {string.Join(", ", Patterns.Keys)}, got {format.Text()}");
}
