namespace T5GemmaSharp.Generation;

/// <summary>Who computed the decoder's steps of a generation, and why nobody faster did.</summary>
/// <param name="Engine">Who computed them.</param>
/// <param name="Reason">Why the kernels of the device could not; null where they did.</param>
public sealed record DecodingRoute(DecodingEngine Engine, string? Reason)
{
    /// <summary>One line for a person.</summary>
    /// <returns>For example <c>Modules: the weights are not bfloat16</c>.</returns>
    public override string ToString() => Reason is null ? $"{Engine}" : $"{Engine}: {Reason}";
}
