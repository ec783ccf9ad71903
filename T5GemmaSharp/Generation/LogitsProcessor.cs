using static TorchSharp.torch;

namespace T5GemmaSharp.Generation;

/// <summary>Changes the scores of the next token before one is chosen.</summary>
/// <remarks>HF: <c>LogitsProcessor</c>. It runs inside a dispose scope that lasts one step: tensors that it keeps for longer must be moved out of it.</remarks>
public abstract class LogitsProcessor
{
    /// <summary>Changes the scores of one step.</summary>
    /// <param name="inputIds">Decoder ids so far [rows, length], int64: start token, prompt, new tokens.</param>
    /// <param name="scores">Scores of the next token [rows, V], float32; may be changed in place.</param>
    /// <returns>The new scores [rows, V], float32; negative infinity forbids a token.</returns>
    public abstract Tensor Process(Tensor inputIds, Tensor scores);
}
