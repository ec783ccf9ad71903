namespace T5GemmaSharp.Training.Objectives;

/// <summary>What stands in front of the encoder's text to tell the model which kind of denoiser made the example.</summary>
public enum ModeTokens
{
    /// <summary>Nothing: for one kind of denoiser, and for fine-tuning.</summary>
    None,

    /// <summary>The texts of UL2 20B, <c>[NLU]</c>, <c>[NLG]</c> and <c>[S2S]</c>, which are several tokens in Gemma's vocabulary.</summary>
    Text,

    /// <summary>One unused token of the vocabulary for each mode, as <see cref="SentinelTable.Modes"/> says: for UL2 training.</summary>
    Unused,
}
