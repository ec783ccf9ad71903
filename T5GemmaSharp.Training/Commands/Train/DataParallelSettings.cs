using System.CommandLine;
using T5GemmaSharp.Training.Distributed;
using T5GemmaSharp.Training.Distributed.Gradients;

namespace T5GemmaSharp.Training.Commands.Train;

/// <summary>Options of training on several ranks.</summary>
internal static class DataParallelSettings
{
    private const double BytesOfMegabyte = 1e6;

    private static readonly DataParallelOptions Defaults = new();
    private static readonly Option<double?> BucketSize = NumberOption.Create<double>("--bucket-mb", $"Megabytes of gradients that are reduced together. Default {Defaults.BucketBytes / BytesOfMegabyte}.");
    private static readonly Option<int?> ChecksumSteps = NumberOption.Create<int>("--checksum-steps", $"Steps between comparisons of the weights over the ranks; 0: before the first step only. Default {Defaults.ChecksumSteps}.", least: 0);

    /// <summary>Whether each rank keeps the whole state of the optimizer.</summary>
    public static Option<bool> Replicated { get; } = new("--replicate-optimizer") { Description = "Every rank keeps the whole state of the optimizer. Default: each has its share (ZeRO-1)." };

    public static IReadOnlyList<Option> All { get; } = [Replicated, BucketSize, ChecksumSteps];

    /// <summary>What trains together; null: there is one process.</summary>
    public static DataParallel? Read(ParseResult result, ICollectives ranks) => ranks is SingleCollectives ? null : new DataParallel(ranks, new DataParallelOptions
    {
        BucketBytes = (long)(result.GetValue(BucketSize) * BytesOfMegabyte ?? Defaults.BucketBytes),
        ShardsOptimizer = !result.GetValue(Replicated),
        ChecksumSteps = result.GetValue(ChecksumSteps) ?? Defaults.ChecksumSteps,
    });
}
