using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation;

/// <summary>Scores of single tokens of a result.</summary>
public static class TransitionScoring
{
    /// <summary>The score of each new token when it was chosen.</summary>
    /// <remarks>HF: <c>compute_transition_scores</c>. With beams, their sum divided by the power of the length is <see cref="GenerationOutput.SequencesScores"/>.</remarks>
    /// <param name="output">A result with <see cref="GenerationOutput.Scores"/>.</param>
    /// <param name="normalizeLogits">Whether the scores of each step are turned into log-probabilities first; with beams they are that already.</param>
    /// <returns>[R, new tokens], float32; with beams 0 after the end.</returns>
    /// <exception cref="ArgumentException">The result has no scores.</exception>
    public static Tensor TransitionScores(this GenerationOutput output, bool normalizeLogits = false)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (output.Scores is not { Count: > 0 } scores)
            throw new ArgumentException("output: expected one with scores, set OutputScores in the configuration", nameof(output));
        using var scope = NewDisposeScope();
        var rows = output.Sequences.size(0);
        var steps = output.BeamIndices?.size(1) ?? scores.Count;
        var all = torch.stack(scores.Take((int)steps), 1); // [score rows, steps, V]
        if (normalizeLogits)
            all = nn.functional.log_softmax(all, dim: -1);
        var from = output.BeamIndices ?? torch.arange(rows, dtype: ScalarType.Int64, device: all.device).unsqueeze(1).expand(rows, steps);
        var ended = from.lt(0);
        var ids = output.Sequences.narrow(1, output.Sequences.size(1) - steps, steps);
        var place = from.clamp(min: 0) * steps + torch.arange(steps, dtype: ScalarType.Int64, device: all.device); // row of [score rows * steps, V]
        var chosen = all.flatten(0, 1).index_select(0, place.flatten()).gather(1, ids.clamp(min: 0).reshape(-1, 1)).view(rows, steps);
        return scope.MoveToOuter(chosen.masked_fill(ended, 0));
    }
}
