namespace T5GemmaSharp.Training.Recipes.G2p;

/// <summary>Part of the dictionary.</summary>
public enum DataSplit
{
    /// <summary>Nine words in ten, for training.</summary>
    Train,

    /// <summary>One word in twenty, for choosing.</summary>
    Validation,

    /// <summary>One word in twenty, for the final measurement.</summary>
    Test,
}
