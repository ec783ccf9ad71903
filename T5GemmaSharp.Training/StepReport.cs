namespace T5GemmaSharp.Training;

/// <summary>What a trainer says about its progress; averages are over the steps since the last report.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Epoch">Epochs done, with fraction.</param>
/// <param name="Loss">Loss a target, in nats for tokens.</param>
/// <param name="GradientNorm">Norm of the last gradient before clipping.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="TokensPerSecond">Tokens of both stacks a second, without padding.</param>
/// <param name="Padding">Share of the cells that are padding, 0 to 1.</param>
public sealed record StepReport(int Step, double Epoch, double Loss, double GradientNorm, double LearningRate, double TokensPerSecond, double Padding)
{
    internal static readonly IReadOnlyDictionary<string, double> OneKind = new Dictionary<string, double>();

    /// <summary>Loss a target by kind of example, for example by denoiser; nothing where there is one kind.</summary>
    public IReadOnlyDictionary<string, double> LossByKind { get; init; } = OneKind;

    /// <summary>Memory of the process; null in a report of a program that did not measure it.</summary>
    public MemoryUse? Memory { get; init; }

    /// <summary>The numbers besides step and epoch, under the names that files have for them.</summary>
    internal IEnumerable<KeyValuePair<string, double>> Values()
    {
        yield return new("loss", Loss);
        yield return new("grad_norm", GradientNorm);
        yield return new("learning_rate", LearningRate);
        yield return new("tokens_per_second", TokensPerSecond);
        yield return new("padding", Padding);
        foreach (var (kind, loss) in LossByKind)
            yield return new($"loss/{kind}", loss);
        if (Memory is null)
            yield break;
        yield return new("memory_managed_bytes", Memory.ManagedBytes);
        yield return new("memory_resident_bytes", Memory.ResidentBytes);
        yield return new("memory_peak_resident_bytes", Memory.PeakResidentBytes);
        yield return new("live_tensors", Memory.LiveTensors);
        if (Memory.DeviceUsedBytes is { } used)
            yield return new("memory_device_used_bytes", used);
        if (Memory.DeviceTotalBytes is { } total)
            yield return new("memory_device_total_bytes", total);
    }
}
