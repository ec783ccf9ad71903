namespace T5GemmaSharp.Training.Data.Files;

/// <summary>What has been read.</summary>
public sealed class DataStatistics
{
    /// <summary>Examples that have been read, those left out included.</summary>
    public long Read { get; internal set; }

    /// <summary>Examples of which the encoder's tokens have been cut.</summary>
    public long CutSources { get; internal set; }

    /// <summary>Examples of which the decoder's tokens have been cut.</summary>
    public long CutTargets { get; internal set; }

    /// <summary>Examples that have been left out: too long, or documents without a token.</summary>
    public long Dropped { get; internal set; }

    /// <summary>Lengths of the encoder's tokens before any cut; of a document, all of its tokens.</summary>
    public LengthCounts SourceLengths { get; } = new();

    /// <summary>Lengths of the decoder's tokens before any cut; none where there is no decoder.</summary>
    public LengthCounts TargetLengths { get; } = new();
}
