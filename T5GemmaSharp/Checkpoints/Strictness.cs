namespace T5GemmaSharp.Checkpoints;

/// <summary>How far a checkpoint may differ from the model that it is loaded into.</summary>
/// <remarks>
/// In every mode a tied weight's alias and old files' <c>rotary_emb.inv_freq</c> are accepted silently, stored dtypes are cast to the
/// model's, and a tied weight stored twice with different values throws.
/// </remarks>
public enum Strictness
{
    /// <summary>
    /// A missing tensor, or one of another shape, throws, and all are named; a new head's tensors may be missing. Tensors that the
    /// model lacks are reported. Keys may differ by a leading <c>model.</c>.
    /// </summary>
    Default,

    /// <summary>Any difference throws, keys that differ by a leading <c>model.</c> included.</summary>
    Exact,

    /// <summary>Tensors that are missing, or have another shape, keep being initialised, and are reported.</summary>
    Lenient,
}
