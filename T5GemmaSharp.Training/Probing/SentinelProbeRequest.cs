namespace T5GemmaSharp.Training.Probing;

/// <summary>What is scored.</summary>
internal sealed record SentinelProbeRequest
{
    /// <summary>Files of text.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>Most passages.</summary>
    public int Passages { get; init; } = 200;

    /// <summary>Most tokens of the encoder, and of the decoder.</summary>
    public int Length { get; init; } = 512;

    /// <summary>Denoisers. Those without sentinels, as of prefix language modelling, tell nothing.</summary>
    public string Mixture { get; init; } = "t5";

    /// <summary>Whether the encoder's text begins with bos, before the mode token.</summary>
    public bool EncoderBos { get; init; }

    /// <summary>Passages that go through the model together.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Seed of the corruption.</summary>
    public ulong Seed { get; init; }
}
