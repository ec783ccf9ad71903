namespace T5GemmaSharp.Tests.Training.Finetuning;

/// <summary>Rows of labelled texts and words, as lines of JSON.</summary>
internal static class HeadRows
{
    public static readonly string[] Names = [.. Of("\"bad\"", "\"good\"", "\"so so\"")];
    public static readonly string[] Numbers = [.. Of("0.5", "-1", "2.25")];
    public static readonly string[] Lists = [.. Of("[]", "[\"x\"]", "[\"x\",\"y\"]")];

    public static readonly string[] Tags =
    [
        """{"tokens": ["a", "b", "c"], "ner_tags": ["O", "B-PER", "I-PER"]}""", """{"tokens": ["c", "d"], "ner_tags": ["B-LOC", "O"]}""",
        """{"tokens": ["d", "d", "a", "b"], "ner_tags": ["O", "O", "O", "B-PER"]}""", """{"tokens": ["c"], "ner_tags": ["B-LOC"]}""",
    ];

    /// <summary>Six texts of 1 to 6 letters, whose label is in JSON and depends on the letter.</summary>
    public static IEnumerable<string> Of(params string[] labels)
        => Enumerable.Range(0, 6).Select(row => $$"""{"text": "{{new string((char)('a' + (row % 3)), 1 + row)}}", "label": {{labels[row % 3]}}}""");
}
