namespace T5GemmaSharp.Training.Objectives.Denoisers;

/// <summary>UL2's kinds of denoisers, which a mode token can tell the model.</summary>
public enum DenoiserMode
{
    /// <summary>R: short spans and little noise.</summary>
    Regular,

    /// <summary>X: long spans or much noise.</summary>
    Extreme,

    /// <summary>S: the text goes on where the encoder's part ends.</summary>
    Sequential,
}
