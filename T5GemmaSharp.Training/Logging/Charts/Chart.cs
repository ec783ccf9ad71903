namespace T5GemmaSharp.Training.Logging.Charts;

/// <summary>Lines over the steps of a run.</summary>
/// <param name="Title">What its values are.</param>
/// <param name="Lines">The lines.</param>
/// <param name="IsEven">Whether the values stand evenly also where they are far apart, as those of a schedule, whose shape would be lost.</param>
internal sealed record Chart(string Title, IReadOnlyList<ChartLine> Lines, bool IsEven = false);
