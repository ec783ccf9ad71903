using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>What a file says of N targets, each with its k likeliest tokens.</summary>
/// <param name="Ids">Ids of the tokens, N * k.</param>
/// <param name="LogProbabilities">Logarithms of their probabilities, N * k.</param>
/// <param name="LogRests">Logarithm of what all other tokens have together, N.</param>
internal sealed record StoredRows(int[] Ids, float[] LogProbabilities, float[] LogRests)
{
    /// <summary>The same as tensors, which belong to the caller's dispose scope.</summary>
    /// <param name="topK">Tokens a target.</param>
    /// <param name="device">The device.</param>
    public StoredTargets To(int topK, Device device)
    {
        using var scope = NewDisposeScope();
        var ids = tensor(Ids, device: device).to(ScalarType.Int64).view(-1, topK);
        var logProbabilities = tensor(LogProbabilities, device: device).view(-1, topK);
        return new StoredTargets(scope.MoveToOuter(ids), scope.MoveToOuter(logProbabilities), tensor(LogRests, device: device).MoveToOuterDisposeScope());
    }
}
