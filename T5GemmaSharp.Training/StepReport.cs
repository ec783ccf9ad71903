namespace T5GemmaSharp.Training;

/// <summary>What a trainer says about its progress; averages are over the steps since the last report.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Epoch">Epochs done, with fraction.</param>
/// <param name="Loss">Loss a target, in nats for tokens.</param>
/// <param name="GradientNorm">Norm of the last gradient before clipping.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="TokensPerSecond">Tokens of both stacks a second, without padding.</param>
/// <param name="Padding">Share of the cells that are padding, 0 to 1.</param>
public sealed record StepReport(int Step, double Epoch, double Loss, double GradientNorm, double LearningRate, double TokensPerSecond, double Padding);
