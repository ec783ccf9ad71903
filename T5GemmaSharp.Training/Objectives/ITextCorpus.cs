namespace T5GemmaSharp.Training.Objectives;

/// <summary>Tokenized documents as one long text, with eos between them.</summary>
public interface ITextCorpus
{
    /// <summary>Number of tokens, each eos between two documents included.</summary>
    long Length { get; }

    /// <summary>Documents with at least one token, without bos and eos.</summary>
    IReadOnlyList<int[]> Documents { get; }

    /// <summary>A part of the text.</summary>
    /// <param name="start">Place of the first token, from 0.</param>
    /// <param name="length">How many tokens.</param>
    /// <returns>Ids [length].</returns>
    /// <exception cref="ArgumentOutOfRangeException">The part is not within the text.</exception>
    int[] Slice(long start, int length);
}
