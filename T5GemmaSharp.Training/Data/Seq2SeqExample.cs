namespace T5GemmaSharp.Training.Data;

/// <summary>A pair of token sequences.</summary>
/// <param name="InputIds">What the encoder reads.</param>
/// <param name="Labels">What the decoder has to write, with its closing eos.</param>
public sealed record Seq2SeqExample(int[] InputIds, int[] Labels)
{
    /// <summary>Its size.</summary>
    public ExampleLength Length => new(InputIds.Length, Labels.Length);
}
