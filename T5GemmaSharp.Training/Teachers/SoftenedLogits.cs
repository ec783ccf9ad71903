using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>Logits at a temperature.</summary>
internal static class SoftenedLogits
{
    /// <summary>Logarithms of the probabilities.</summary>
    /// <param name="logits">[n, V].</param>
    /// <param name="temperature">Divisor of the logits.</param>
    /// <returns>float32 [n, V].</returns>
    public static Tensor LogProbabilities(Tensor logits, double temperature)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter((logits.to(ScalarType.Float32) / temperature).log_softmax(-1));
    }

    /// <summary>Logarithm of what all tokens but those named have together.</summary>
    /// <param name="logProbabilities">[n, V].</param>
    /// <param name="ids">The named tokens, int64 [n, k].</param>
    /// <returns>[n]; of more digits than one minus the sum of the others, which would be nothing but rounding where the others are nearly all.</returns>
    public static Tensor LogRest(Tensor logProbabilities, Tensor ids)
    {
        using var scope = NewDisposeScope();
        var nothing = full(ids.shape, double.NegativeInfinity, dtype: logProbabilities.dtype, device: logProbabilities.device);
        return scope.MoveToOuter(logProbabilities.scatter(-1, ids, nothing).logsumexp(-1));
    }
}
