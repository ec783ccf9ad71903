namespace T5GemmaSharp.Training.Logging.Charts;

/// <summary>Lines over the steps of a run.</summary>
/// <param name="Title">What its values are.</param>
/// <param name="Lines">The lines.</param>
internal sealed record Chart(string Title, IReadOnlyList<ChartLine> Lines);
