namespace T5GemmaSharp.Training;

/// <summary>What a trainer says about its progress; averages are over the steps since the last report.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Epoch">Epochs done, with fraction.</param>
/// <param name="Loss">Cross-entropy a target token, in nats.</param>
/// <param name="GradientNorm">Norm of the last gradient before clipping.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="TokensPerSecond">Encoder and target tokens a second, without padding.</param>
public sealed record StepReport(int Step, double Epoch, double Loss, double GradientNorm, double LearningRate, double TokensPerSecond);
