namespace T5GemmaSharp.Training.Finetuning;

/// <summary>What a model is trained to give.</summary>
internal enum Objective
{
    /// <summary>The target of a pair.</summary>
    Seq2Seq,

    /// <summary>The answers of a conversation.</summary>
    Chat,

    /// <summary>The second part of a text.</summary>
    PrefixLm,

    /// <summary>What is missing in a text.</summary>
    Ul2,

    /// <summary>The label of a text.</summary>
    Classify,

    /// <summary>The label of each word.</summary>
    TokenClassify,
}
