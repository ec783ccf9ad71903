namespace T5GemmaSharp.Training;

/// <summary>How a run ended.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="Interrupted">Whether it was asked to stop before its last step.</param>
public sealed record TrainingResult(RunState State, bool Interrupted);
