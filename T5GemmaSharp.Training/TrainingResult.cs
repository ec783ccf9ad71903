namespace T5GemmaSharp.Training;

/// <summary>How a run ended.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="Ending">Why it ended.</param>
public sealed record TrainingResult(RunState State, TrainingEnding Ending)
{
    /// <summary>Whether it was asked to stop before its last step.</summary>
    public bool Interrupted => Ending == TrainingEnding.Interrupted;
}
