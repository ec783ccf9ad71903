namespace T5GemmaSharp.Training.Objectives;

/// <summary>What is drawn for an example. The values are part of the reproducibility of runs: never renumber them.</summary>
internal enum RandomChoice
{
    /// <summary>The denoiser of a mixture.</summary>
    Denoiser = 0,

    /// <summary>Lengths of the noise spans.</summary>
    NoiseSpans = 1,

    /// <summary>Lengths of the clean spans.</summary>
    CleanSpans = 2,

    /// <summary>Rotation of the mask.</summary>
    Roll = 3,

    /// <summary>Place where a text is split in two.</summary>
    Split = 4,
}
