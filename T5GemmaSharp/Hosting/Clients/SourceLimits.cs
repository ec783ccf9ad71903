namespace T5GemmaSharp.Hosting.Clients;

/// <summary>Limits of what a service reads.</summary>
internal static class SourceLimits
{
    /// <summary>Demands a text that is not too long, before it costs anything to read it.</summary>
    /// <exception cref="ArgumentException">It is too long.</exception>
    public static void CheckCharacters(long count, int limit)
    {
        if (count > limit)
            throw new ArgumentException($"source: expected at most {limit} characters, got {count}; shorten it or raise {nameof(T5GemmaOptions.MaxInputCharacters)}");
    }

    /// <summary>Demands at least one token and not too many.</summary>
    /// <exception cref="ArgumentException">There are none or too many.</exception>
    public static void CheckTokens(int count, int limit)
    {
        if (count == 0)
            throw new ArgumentException("source: expected at least one token, got an empty text");
        if (count > limit)
            throw new ArgumentException($"source: expected at most {limit} tokens, got {count}; shorten it or raise {nameof(T5GemmaOptions.MaxInputTokens)}");
    }

    /// <summary>Demands ids of a vocabulary.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in it.</exception>
    public static void CheckIds(IReadOnlyList<int> ids, long vocabSize)
    {
        for (var index = 0; index < ids.Count; index++)
        {
            if (ids[index] < 0 || ids[index] >= vocabSize)
                throw new ArgumentOutOfRangeException(nameof(ids), ids[index], $"source: expected ids from 0 to {vocabSize - 1}, got {ids[index]} at {index}; does the tokenizer belong to the model?");
        }
    }
}
