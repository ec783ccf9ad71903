namespace T5GemmaSharp.Training.Logging.Charts;

/// <summary>A line of a chart.</summary>
/// <param name="Name">What it shows, for the legend.</param>
/// <param name="Points">Its points from left to right; those that are not finite are left out.</param>
internal sealed record ChartLine(string Name, IReadOnlyList<(double X, double Y)> Points);
