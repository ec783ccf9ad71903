namespace T5GemmaSharp.Training.Data;

/// <summary>A pair of token sequences.</summary>
/// <param name="InputIds">What the encoder reads.</param>
/// <param name="Labels">What the decoder has to write, with its closing eos.</param>
public sealed record Seq2SeqExample(int[] InputIds, int[] Labels)
{
    /// <summary>Number of its kind, where a source has several; 0 where it has one.</summary>
    public int Kind { get; init; }

    /// <summary>Its size.</summary>
    public ExampleLength Length => new(InputIds.Length, Labels.Length);

    /// <summary>Number of labels that the loss counts.</summary>
    internal int Targets => Labels.Count(label => label != Seq2SeqBatch.IgnoreIndex);
}
