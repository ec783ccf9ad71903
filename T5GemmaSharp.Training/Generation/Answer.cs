using T5GemmaSharp.Generation.Streaming;

namespace T5GemmaSharp.Training.Generation;

/// <summary>A result.</summary>
internal sealed record Answer
{
    /// <summary>Number of its prompt.</summary>
    public required int Index { get; init; }

    /// <summary>Which of its prompt's results it is, from 0.</summary>
    public required int Result { get; init; }

    /// <summary>The new text, without a stop string that ended it.</summary>
    public required string Text { get; init; }

    /// <summary>The new ids, the end token included.</summary>
    public required int[] Ids { get; init; }

    public required FinishReason FinishReason { get; init; }

    /// <summary>Beam search: the score of the whole; else null.</summary>
    public float? Score { get; init; }

    /// <summary>Log-probability of each id; null unless asked for.</summary>
    public float[]? TokenScores { get; init; }
}
