namespace T5GemmaSharp.Training.Objectives;

/// <summary>How examples are made of raw text, beside the mixture of denoisers.</summary>
public sealed record DenoisingOptions
{
    /// <summary>What stands in front of the encoder's text: <see cref="ModeTokens.Unused"/> for UL2 training, <see cref="ModeTokens.None"/> where there is one mode.</summary>
    public required ModeTokens ModeTokens { get; init; }

    /// <summary>Greatest length of the encoder's input in tokens, all added ones included. Default 512.</summary>
    public int EncoderBudget { get; init; } = 512;

    /// <summary>Greatest length of the labels in tokens, eos included. Default 512.</summary>
    public int DecoderBudget { get; init; } = 512;

    /// <summary>The ids that stand for spans and modes. Default <see cref="SentinelTable.Gemma"/>.</summary>
    public SentinelTable Sentinels { get; init; } = SentinelTable.Gemma;

    /// <summary>What to do where there are more spans than sentinels. Default <see cref="SentinelOverflow.Shrink"/>.</summary>
    public SentinelOverflow Overflow { get; init; } = SentinelOverflow.Shrink;

    /// <summary>Whether the encoder's input begins with bos, before the mode token. Default false.</summary>
    public bool EncoderBos { get; init; }

    /// <summary>Whether the encoder's input ends with eos, as T5's does. Default false, as Gemma's tokenizers have it.</summary>
    public bool EncoderEos { get; init; }
}
