using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Tests.Training.Objectives;

/// <summary>Reads an example back into its text, without knowing how it was made.</summary>
internal static class Interleaving
{
    /// <summary>Puts the span behind each sentinel of the labels into the sentinel's place in the encoder's text; what stands before the first sentinel goes behind the text.</summary>
    /// <param name="example">An example without tokens in front of the encoder's text.</param>
    /// <param name="sentinels">Ids of the sentinels.</param>
    public static int[] Restore(Seq2SeqExample example, IReadOnlyList<int> sentinels)
    {
        var known = sentinels.ToHashSet();
        var spans = new Dictionary<int, List<int>>();
        var tail = new List<int>();
        var current = tail;
        foreach (var id in example.Labels[..^1])
        {
            if (known.Contains(id))
                spans.Add(id, current = []); // throws for a sentinel that is there twice
            else
                current.Add(id);
        }

        var text = example.InputIds.SelectMany(id => !known.Contains(id) ? [id] : spans.Remove(id, out var span) ? span : throw new InvalidOperationException($"sentinel {id} has no span")).ToList();
        return spans.Count == 0 ? [.. text, .. tail] : throw new InvalidOperationException("a span has no sentinel in the encoder's text");
    }
}
