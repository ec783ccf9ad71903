using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Kernels.Cuda;

/// <summary>The promise of <see cref="AttentionImplementation.Fused"/>: the kernels, or an error.</summary>
internal static class FusedOnly
{
    /// <summary>To be called where modules are about to do the work.</summary>
    /// <param name="config">The stack.</param>
    /// <param name="work">What is to be done, for the message.</param>
    /// <param name="reason">Why the kernels do not do it.</param>
    /// <exception cref="NotSupportedException">The stack is for kernels only.</exception>
    public static void Check(T5GemmaModuleConfig config, string work, string? reason)
    {
        if (config.AttnImplementation == AttentionImplementation.Fused)
            throw new NotSupportedException($"attention Fused: the CUDA kernels cannot serve {work}: {reason}. Change that, or load the model with Auto.");
    }
}
