namespace T5GemmaSharp.Training.Generation;

/// <summary>How an answer is written.</summary>
internal enum AnswerFormat
{
    /// <summary>The text as it is, without outer spaces.</summary>
    Text,

    /// <summary>The text on one line: line breaks become spaces.</summary>
    Line,

    /// <summary>An object on one line.</summary>
    Json,
}
