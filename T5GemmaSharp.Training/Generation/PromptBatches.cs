namespace T5GemmaSharp.Training.Generation;

/// <summary>Cuts prompts into batches.</summary>
internal static class PromptBatches
{
    private const int BatchesPerWindow = 64;

    /// <summary>Plans the batches. The beginnings of the answers have one length within a batch, so that none needs padding, which would move its positions.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="batchSize">Most prompts a batch.</param>
    /// <param name="sort">
    /// Whether prompts of like length come together, which saves padding. It happens within windows, so that answers in the order of the input need not wait for the last batch.
    /// </param>
    public static IEnumerable<EncodedPrompt[]> Plan(IReadOnlyList<EncodedPrompt> prompts, int batchSize, bool sort) => prompts
        .Chunk(sort ? (int)Math.Min((long)batchSize * BatchesPerWindow, Array.MaxLength) : prompts.Count + 1)
        .SelectMany(window => Cut(sort ? window.OrderBy(prompt => prompt.DecoderIds.Length).ThenByDescending(prompt => prompt.InputIds.Length) : window, batchSize));

    private static IEnumerable<EncodedPrompt[]> Cut(IEnumerable<EncodedPrompt> prompts, int batchSize)
    {
        var batch = new List<EncodedPrompt>();
        foreach (var prompt in prompts)
        {
            if (batch.Count == batchSize || (batch.Count > 0 && batch[0].DecoderIds.Length != prompt.DecoderIds.Length))
            {
                yield return [.. batch];
                batch.Clear();
            }

            batch.Add(prompt);
        }

        if (batch.Count > 0)
            yield return [.. batch];
    }
}
