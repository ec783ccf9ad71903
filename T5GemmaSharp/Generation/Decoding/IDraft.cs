using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Proposes tokens that the model then checks all at once.</summary>
internal interface IDraft : IDisposable
{
    /// <summary>Proposes what may follow.</summary>
    /// <param name="sequences">Ids so far [1, length].</param>
    /// <param name="maximum">Most tokens to propose, at least 1.</param>
    /// <returns>The tokens, and, where they were drawn, the probabilities [tokens, V] that they were drawn from.</returns>
    (long[] Ids, Tensor? Probabilities) Propose(Tensor sequences, int maximum);

    /// <summary>Learns how many of the tokens proposed last were right.</summary>
    void Learn(int proposed, int accepted);
}
