using System.Text.Json;

namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>Reads labels.</summary>
internal static class RowLabels
{
    /// <summary>A label of a text: a class, a number to be predicted, or a list of classes.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static RowLabel Read(JsonElement label, string name) => label.ValueKind switch
    {
        JsonValueKind.Number when IsFraction(label) => RowLabel.Of(ReadValue(label, name)),
        JsonValueKind.Array => RowLabel.Of([.. label.EnumerateArray().Select((item, index) => ReadClass(item, $"{name}[{index}]"))]),
        JsonValueKind.Number or JsonValueKind.String => ReadClass(label, name),
        _ => throw new FormatException($"{name}: expected an integer, a string, a number or a list, got {JsonFields.Named(label.ValueKind)}"),
    };

    /// <summary>A class: an id or a name.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static RowLabel ReadClass(JsonElement label, string name)
    {
        if (label.ValueKind == JsonValueKind.String)
            return RowLabel.Of(JsonFields.NonEmptyText(label, name));
        JsonFields.Demand(label, JsonValueKind.Number, name, "an integer or a string");
        return label.TryGetInt32(out var id) ? RowLabel.Of(id) : throw new FormatException($"{name}: expected an integer of 32 bits, got {label.GetRawText()}");
    }

    private static bool IsFraction(JsonElement number) => number.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') >= 0;

    private static float ReadValue(JsonElement number, string name)
        => (float)number.GetDouble() is var value && float.IsFinite(value) ? value : throw new FormatException($"{name}: expected a number of 32 bits, got {number.GetRawText()}");
}
