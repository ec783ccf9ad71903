using T5GemmaSharp.Generation.Constraints;
using T5GemmaSharp.Generation.Streaming;

namespace T5GemmaSharp.Training.Generation;

/// <summary>Counts the answers that the longest length has cut before they were what the constraint asks for.</summary>
/// <param name="constraint">The constraint; null: every answer is complete.</param>
internal sealed class CutAnswers(TokenConstraint? constraint)
{
    private int _all;
    private int _cut;

    /// <summary>What to tell the user; null when no answer was cut.</summary>
    public string? Warning => _cut == 0 ? null : $"warning: {_cut} of {_all} answers ended at the longest length before they were complete; raise --max-new-tokens";

    /// <summary>Takes account of an answer.</summary>
    /// <param name="ids">Its ids.</param>
    /// <param name="reason">Why it ended.</param>
    public void Add(IEnumerable<int> ids, FinishReason reason)
    {
        _all++;
        if (constraint is not null && reason == FinishReason.Length && !IsComplete(constraint.Start(), ids))
            _cut++;
    }

    private static bool IsComplete(ConstraintMatcher matcher, IEnumerable<int> ids) => ids.All(matcher.TryAdvance) && matcher.IsAccepting;
}
