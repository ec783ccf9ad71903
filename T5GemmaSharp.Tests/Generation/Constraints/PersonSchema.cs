using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace T5GemmaSharp.Tests.Generation.Constraints;

/// <summary>A schema as an application has it, and a check of the texts that is written by hand.</summary>
internal static partial class PersonSchema
{
    public const string Text = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "Person",
          "type": "object",
          "properties": {
            "id": {"type": "string", "format": "uuid"},
            "name": {"type": "string", "minLength": 1, "maxLength": 20, "description": "as on the passport"},
            "age": {"type": "integer", "minimum": 0, "maximum": 130},
            "height": {"type": ["number", "null"]},
            "born": {"type": "string", "format": "date-time"},
            "role": {"enum": ["admin", "user", "guest \"x\""]},
            "code": {"type": "string", "pattern": "^[A-Z]{2}-\\d{1,4}$"},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 5}, "minItems": 1, "maxItems": 3},
            "parent": {"anyOf": [{"$ref": "#/$defs/parent"}, {"type": "null"}]}
          },
          "required": ["name", "age", "tags", "parent"],
          "additionalProperties": false,
          "$defs": {
            "parent": {
              "type": "object",
              "properties": {"name": {"type": "string", "maxLength": 3}, "parent": {"$ref": "#/$defs/parent"}},
              "required": ["name"]
            }
          }
        }
        """;

    private static readonly string[] Names = ["id", "name", "age", "height", "born", "role", "code", "tags", "parent"];

    /// <summary>Fails if a text does not fit the schema.</summary>
    public static void Check(string text)
    {
        using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
        var person = document.RootElement;
        string[] names = [.. person.EnumerateObject().Select(member => member.Name)];
        Assert.That(names, Is.EqualTo(Names.Where(names.Contains)), $"known names in their order: {text}");
        Assert.That(names, Is.SupersetOf(new[] { "name", "age", "tags", "parent" }), text);
        Assert.That(LengthOf(person.GetProperty("name")), Is.InRange(1, 20), text);
        Assert.That(person.GetProperty("age").GetInt32(), Is.InRange(0, 130), text);
        Assert.That(person.GetProperty("tags").EnumerateArray().Select(LengthOf), Has.All.LessThanOrEqualTo(5), text);
        Assert.That(person.GetProperty("tags").GetArrayLength(), Is.InRange(1, 3), text);
        foreach (var member in person.EnumerateObject())
            Assert.That(Fits(member.Name, member.Value), Is.True, $"{member.Name}: {text}");
    }

    private static bool Fits(string name, JsonElement value) => name switch
    {
        "id" => Guid.TryParseExact(value.GetString(), "D", out _),
        "height" => value.ValueKind == JsonValueKind.Null || double.IsFinite(value.GetDouble()),
        "born" => DateOnly.TryParseExact(value.GetString()![..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            // A day in the middle of the calendar: with an offset, the first and the last one leave it.
            && DateTimeOffset.TryParse("2024-02-29" + value.GetString()![10..], CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "role" => value.GetString() is "admin" or "user" or "guest \"x\"",
        "code" => Code().IsMatch(value.GetString()!),
        "parent" => value.ValueKind == JsonValueKind.Null || FitsParent(value),
        _ => true,
    };

    private static bool FitsParent(JsonElement value)
        => LengthOf(value.GetProperty("name")) <= 3 && value.EnumerateObject().All(member => member.Name is "name" || (member.Name is "parent" && FitsParent(member.Value)));

    private static int LengthOf(JsonElement value) => value.GetString()!.EnumerateRunes().Count();

    [GeneratedRegex(@"\A[A-Z]{2}-[0-9]{1,4}\z")]
    private static partial Regex Code();
}
