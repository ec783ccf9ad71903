namespace T5GemmaSharp.Training.Teachers;

/// <summary>What has been written.</summary>
/// <param name="Examples">Examples of all epochs.</param>
/// <param name="Targets">Their target tokens.</param>
/// <param name="Share">Average share of the probability that the kept tokens have, 0 to 1.</param>
internal sealed record StoredTeacherSummary(long Examples, long Targets, double Share);
