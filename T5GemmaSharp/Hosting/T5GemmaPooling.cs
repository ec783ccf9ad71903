namespace T5GemmaSharp.Hosting;

/// <summary>How the states of a text's tokens become one vector.</summary>
public enum T5GemmaPooling
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>The last token's state.</summary>
    LastToken,
}
