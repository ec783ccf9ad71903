using T5GemmaSharp.Training.Distributed.Gradients;

namespace T5GemmaSharp.Training.Checkpointing;

/// <summary>Where a run goes, and whether it goes on.</summary>
internal sealed record RunRequest
{
    /// <summary>The run's folder.</summary>
    public required string Folder { get; init; }

    /// <summary>Whether it goes on from the folder's last checkpoint, if there is one.</summary>
    public bool Resumes { get; init; }

    /// <summary>Whether it may go on with other settings than it began with.</summary>
    public bool ResumesInAnyCase { get; init; }

    /// <summary>The ranks that train together; null: there is one.</summary>
    public DataParallel? Parallel { get; init; }

    /// <summary>Checkpoints to keep; null: all.</summary>
    public int? CheckpointLimit { get; init; }
}
