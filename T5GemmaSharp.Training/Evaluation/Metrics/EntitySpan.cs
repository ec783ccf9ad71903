namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>A named entity in a sequence of tags.</summary>
/// <param name="Type">Its type, for example <c>PER</c>; empty for a tag without one.</param>
/// <param name="Start">Place of its first tag, from 0.</param>
/// <param name="End">Place after its last tag.</param>
public readonly record struct EntitySpan(string Type, int Start, int End)
{
    /// <summary>The entities of a sequence of BIO tags, in their order.</summary>
    /// <remarks>
    /// seqeval's default mode, which is conlleval's: B begins an entity, and so does I after O or after another type, so that both BIO and
    /// IOB1 are read. Other tags count as O here; seqeval warns of them and reads some schemes beside BIO.
    /// </remarks>
    /// <param name="tags">Tags such as <c>B-PER</c>, <c>I-PER</c> and <c>O</c>.</param>
    public static IReadOnlyList<EntitySpan> Read(IReadOnlyList<string> tags)
    {
        ArgumentNullException.ThrowIfNull(tags);
        List<EntitySpan> spans = [];
        string? open = null;
        for (var place = 0; place < tags.Count; place++)
        {
            var type = TypeOf(tags[place]);
            if (type is not null && (type != open || tags[place][0] == 'B'))
                spans.Add(new EntitySpan(type, place, place + 1));
            else if (type is not null)
                spans[^1] = spans[^1] with { End = place + 1 };
            open = type;
        }

        return spans;
    }

    /// <summary>Whether a tag is B, I or O, the first two with a type after a dash or without one.</summary>
    internal static bool IsTag(string tag) => tag == "O" || TypeOf(tag) is not null;

    private static string? TypeOf(string tag) => tag switch
    {
        "B" or "I" => "",
        ['B' or 'I', '-', .. var type] => type,
        _ => null,
    };
}
