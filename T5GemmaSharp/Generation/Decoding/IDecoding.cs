using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>
/// A generation in progress. It can be stopped between any two steps, and several may take turns: nothing lives in a dispose scope between steps. All calls come
/// from one thread at a time, without gradients.
/// </summary>
internal interface IDecoding : IDisposable
{
    /// <summary>Whether nothing is left to do.</summary>
    bool IsFinished { get; }

    /// <summary>Ids so far [rows, length]; with beams the running ones.</summary>
    Tensor Sequences { get; }

    /// <summary>Log-probabilities of the new tokens of the first row, by the model itself; empty unless the controls ask for them.</summary>
    IReadOnlyList<float> LogProbabilities { get; }

    /// <summary>Who computes the steps.</summary>
    DecodingRoute Route { get; }

    /// <summary>Makes the next token of every row, or several.</summary>
    void Step();

    /// <summary>The result, whose tensors are the caller's from then on, in no scope.</summary>
    GenerationOutput Finish();
}
