using static TorchSharp.torch;

namespace T5GemmaSharp.Generation;

/// <summary>Decides which rows of a batch have ended.</summary>
/// <remarks>HF: <c>StoppingCriteria</c>. It runs inside a dispose scope that lasts one step.</remarks>
public abstract class StoppingCriterion
{
    /// <summary>Looks at the rows after a step.</summary>
    /// <param name="inputIds">Decoder ids so far [rows, length], int64, the newest last.</param>
    /// <returns>Which rows have ended [rows], bool.</returns>
    public abstract Tensor IsDone(Tensor inputIds);
}
