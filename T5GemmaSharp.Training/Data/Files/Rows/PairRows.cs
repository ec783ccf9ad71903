using System.Text.Json;

namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>Reads pairs under the names that data sets give them.</summary>
internal static class PairRows
{
    private const string Input = "input";
    private const string Target = "target";
    private const string Instruction = "instruction";
    private const string Output = "output";
    private const string Translation = "translation";

    private static readonly (string Input, string Target)[] Keys =
    [
        (Input, Target), ("source", Target), ("prompt", "completion"), ("question", "answer"), ("document", "summary"),
    ];

    public static IReadOnlyList<string> Fields { get; } = [Input, Target];

    public static PairRow Read(JsonElement row, KeyMap map)
    {
        if (map.Fields.Count > 0)
            return Pair(row, map.KeyOf(Input), map.KeyOf(Target));
        foreach (var (input, target) in Keys)
        {
            if (row.TryGetProperty(input, out _) && row.TryGetProperty(target, out _))
                return Pair(row, input, target);
        }

        if (row.TryGetProperty(Instruction, out var instruction) && row.TryGetProperty(Output, out var output))
            return new PairRow(Instructed(row, JsonFields.Text(instruction, Instruction)), JsonFields.NonEmptyText(output, Output));
        if (row.TryGetProperty(Translation, out var translation))
            return Translated(translation);
        throw JsonFields.MissingKeys(row, $"{string.Join(", ", Keys.Select(pair => $"{pair.Input} and {pair.Target}"))}, {Instruction} and {Output}, or {Translation}");
    }

    private static PairRow Pair(JsonElement row, string input, string target)
        => new(JsonFields.Text(JsonFields.Require(row, input), input), JsonFields.NonEmptyText(JsonFields.Require(row, target), target));

    // Alpaca's rows: an instruction, and a text that it is about or "".
    private static string Instructed(JsonElement row, string instruction)
        => row.TryGetProperty(Input, out var input) && JsonFields.Text(input, Input) is { Length: > 0 } text ? $"{instruction}\n\n{text}" : instruction;

    private static PairRow Translated(JsonElement translation)
    {
        JsonFields.Demand(translation, JsonValueKind.Object, Translation, "an object with two texts");
        var sides = translation.EnumerateObject().ToList();
        if (sides is not [var source, var target])
            throw new FormatException($"{Translation}: expected two texts, got {sides.Count}; take two with --map, as in input={Translation}.de");
        return new PairRow(JsonFields.Text(source.Value, $"{Translation}.{source.Name}"), JsonFields.NonEmptyText(target.Value, $"{Translation}.{target.Name}"));
    }
}
