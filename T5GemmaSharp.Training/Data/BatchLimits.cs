namespace T5GemmaSharp.Training.Data;

/// <summary>How large a batch may be.</summary>
/// <param name="Examples">Most examples.</param>
/// <param name="Tokens">Most tokens of both stacks, padding included; null: no limit. A single example may be larger.</param>
public readonly record struct BatchLimits(int Examples, long? Tokens = null)
{
    /// <summary>Limits under which a step that would go through the model in one is cut for several ranks; where there are limits already, they say how.</summary>
    /// <param name="examples">Examples of the step.</param>
    /// <param name="world">Number of ranks.</param>
    internal BatchLimits ForRanks(int examples, int world)
        => world == 1 || Tokens is not null || Examples != int.MaxValue ? this : this with { Examples = Math.Max(1, (examples + world - 1) / world) };

    /// <summary>Cuts a sequence of examples into batches that are within the limits.</summary>
    /// <param name="indices">The examples in their order.</param>
    /// <param name="lengthOf">Sizes of the examples.</param>
    public IEnumerable<int[]> Cut(IEnumerable<int> indices, Func<int, ExampleLength> lengthOf)
    {
        ArgumentNullException.ThrowIfNull(indices);
        ArgumentNullException.ThrowIfNull(lengthOf);
        var limits = this; // an iterator cannot see this of a struct
        return Iterate();

        IEnumerable<int[]> Iterate()
        {
            var batch = new List<int>();
            var widest = default(ExampleLength);
            foreach (var index in indices)
            {
                var length = lengthOf(index);
                var grown = new ExampleLength(Math.Max(widest.Encoder, length.Encoder), Math.Max(widest.Decoder, length.Decoder));
                if (batch.Count > 0 && (batch.Count == limits.Examples || (long)grown.Tokens * (batch.Count + 1) > (limits.Tokens ?? long.MaxValue)))
                {
                    yield return [.. batch];
                    batch.Clear();
                    grown = length;
                }

                batch.Add(index);
                widest = grown;
            }

            if (batch.Count > 0)
                yield return [.. batch];
        }
    }
}
