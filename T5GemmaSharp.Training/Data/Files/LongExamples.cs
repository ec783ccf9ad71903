namespace T5GemmaSharp.Training.Data.Files;

/// <summary>What happens to an example that is longer than allowed.</summary>
public enum LongExamples
{
    /// <summary>It is cut; bos stays in front and eos behind.</summary>
    Cut,

    /// <summary>It is left out.</summary>
    Drop,

    /// <summary>It is an error that names the row.</summary>
    Refuse,
}
