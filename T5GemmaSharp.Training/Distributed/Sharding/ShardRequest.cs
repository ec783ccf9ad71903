namespace T5GemmaSharp.Training.Distributed.Sharding;

/// <summary>Work on a part of the rows of files.</summary>
/// <param name="Shard">The part.</param>
/// <param name="Files">The files.</param>
/// <param name="Output">The output of the whole, beside which those of the parts lie.</param>
/// <param name="Settings">What the output depends on beside the files.</param>
internal sealed record ShardRequest(ShardChoice Shard, IReadOnlyList<string> Files, string Output, string Settings);
