using System.Globalization;

namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>A correlation between predicted and right numbers that are written as texts.</summary>
internal sealed class CorrelationMetric(string name, Func<IReadOnlyList<double>, IReadOnlyList<double>, double> correlate) : IMetric
{
    /// <summary>What an answer counts that is not a number: T5's choice for STS-B, whose scores begin at 0.</summary>
    private const double Unreadable = -1;

    private readonly List<double> _predicted = [];
    private readonly List<double> _expected = [];

    public void Add(string prediction, IReadOnlyList<string> references)
    {
        var reference = References.Single(prediction, references);
        _expected.Add(Read(reference) ?? throw new ArgumentException($"references: expected a finite number, got \"{reference}\"", nameof(references)));
        _predicted.Add(Read(prediction) ?? Unreadable);
    }

    public IReadOnlyList<MetricValue> Compute() => [new(name, correlate(_predicted, _expected))];

    private static double? Read(string text)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;
}
