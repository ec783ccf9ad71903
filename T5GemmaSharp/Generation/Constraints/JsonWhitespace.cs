namespace T5GemmaSharp.Generation.Constraints;

/// <summary>Where JSON text may have spaces.</summary>
public enum JsonWhitespace
{
    /// <summary>At most one space after each colon and each comma.</summary>
    AfterSeparators,

    /// <summary>Nowhere.</summary>
    None,
}
