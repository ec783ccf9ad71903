namespace T5GemmaSharp.Configuration;

/// <summary>How attention is computed. A run-time choice: it is never written to <c>config.json</c>.</summary>
/// <remarks>HF: <c>attn_implementation</c>.</remarks>
public enum AttentionImplementation
{
    /// <summary>
    /// The maths of <see cref="Eager"/> by the fastest means available. The default. On the CPU, <c>Generate</c> decodes by kernels of its own, unless a module has a hook; on a
    /// CUDA device, with bfloat16 weights and without gradients, so does it and so encodes <c>T5GemmaEncoder</c>. Modules in training have kernels there too.
    /// </summary>
    Auto,

    /// <summary>Torch operators, with the attention soft-cap, as the models were trained.</summary>
    Eager,

    /// <summary>
    /// Torch's scaled dot-product attention. Like transformers' <c>sdpa</c> it drops the attention soft-cap; offered for comparison with that default.
    /// </summary>
    Sdpa,

    /// <summary>The maths of <see cref="Eager"/> by this library's own CUDA kernels only, for encoding and <c>Generate</c>; a call that they cannot serve is a <see cref="NotSupportedException"/> that says why.</summary>
    Fused,
}
