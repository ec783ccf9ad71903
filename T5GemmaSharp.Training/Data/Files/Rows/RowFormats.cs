namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>The rows of each task.</summary>
public static class RowFormats
{
    /// <summary>
    /// Pairs of texts, fields <c>input</c> and <c>target</c>. Keys, the first that a row has: <c>input</c>/<c>target</c>, <c>source</c>/<c>target</c>,
    /// <c>prompt</c>/<c>completion</c>, <c>question</c>/<c>answer</c>, <c>document</c>/<c>summary</c>, <c>instruction</c> with <c>input</c> (may be missing or empty) and
    /// <c>output</c>, and <c>translation</c> with two texts of which the second is the target.
    /// </summary>
    public static RowFormat<PairRow> Pairs { get; } = new(PairRows.Fields, PairRows.Read);

    /// <summary>Conversations, field <c>messages</c>. Keys: <c>messages</c> of <c>role</c> and <c>content</c>, <c>conversations</c> of <c>from</c> and <c>value</c>.</summary>
    public static RowFormat<ChatRow> Chats { get; } = new(ChatRows.Fields, ChatRows.Read);

    /// <summary>Documents, field <c>text</c>; also plain text, where a blank line parts documents.</summary>
    public static RowFormat<TextRow> Texts { get; } = new(
        [TextField],
        (row, map) => new TextRow(JsonFields.Text(JsonFields.Require(row, map.KeyOf(TextField)), map.KeyOf(TextField))),
        text => new TextRow(text));

    /// <summary>
    /// Labelled texts, fields <c>text</c>, <c>second_text</c> and <c>label</c>. Keys: <c>text</c>, <c>sentence</c>, or the pairs <c>sentence1</c>/<c>sentence2</c>,
    /// <c>premise</c>/<c>hypothesis</c>, <c>question</c>/<c>passage</c>; and <c>label</c>: a class id, a class name, a number with a point (regression), or a list of classes.
    /// </summary>
    public static RowFormat<LabelledTextRow> LabelledTexts { get; } = new(LabelledTextRows.Fields, LabelledTextRows.Read);

    /// <summary>Words with labels, fields <c>tokens</c> and <c>labels</c>. Keys: <c>tokens</c> with <c>ner_tags</c> or <c>labels</c>.</summary>
    public static RowFormat<TaggedTokensRow> TaggedTokens { get; } = new(TaggedTokensRows.Fields, TaggedTokensRows.Read);

    private const string TextField = "text";
}
