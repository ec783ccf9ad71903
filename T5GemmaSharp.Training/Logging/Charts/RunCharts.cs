namespace T5GemmaSharp.Training.Logging.Charts;

/// <summary>Chooses what is drawn of a run: the losses, every other number of the evaluations, and the learning rate.</summary>
internal static class RunCharts
{
    private const string Loss = "loss";

    public static IReadOnlyList<Chart> Of(IReadOnlyList<StepReport> reports, IReadOnlyList<EvaluationReport> evaluations)
    {
        var names = evaluations.SelectMany(report => report.Values.Keys).Distinct().Where(name => name != Loss);
        Chart[] charts =
        [
            new(Loss, [Line("training", report => report.Loss), Evaluated("evaluation", Loss)]),
            new("training loss by kind", [.. reports.SelectMany(report => report.LossByKind.Keys).Distinct().Select(kind => Line(kind, report => report.LossByKind.GetValueOrDefault(kind, double.NaN)))]),
            .. names.Select(name => new Chart($"evaluation: {name.Replace('_', ' ')}", [Evaluated(name, name)])),
            new("learning rate", [Line("learning rate", report => report.LearningRate)], IsEven: true),
            new("gradient norm", [Line("gradient norm", report => report.GradientNorm)]),
        ];
        return [.. charts.Select(chart => chart with { Lines = [.. chart.Lines.Where(line => line.Points.Count > 0)] }).Where(chart => chart.Lines.Count > 0)];

        ChartLine Line(string name, Func<StepReport, double> value) => new(name, [.. reports.Select(report => ((double)report.Step, value(report))).Where(IsFinite)]);

        ChartLine Evaluated(string line, string name)
            => new(line, [.. evaluations.Where(report => report.Values.ContainsKey(name)).Select(report => ((double)report.Step, report.Values[name])).Where(IsFinite)]);
    }

    private static bool IsFinite((double X, double Y) point) => double.IsFinite(point.Y);
}
