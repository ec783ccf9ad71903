using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints;

/// <summary>A tensor whose stored dtype cannot be cast to the model's: one is a floating point type, the other is not.</summary>
/// <param name="Key">The model's key.</param>
/// <param name="Expected">The model's dtype.</param>
/// <param name="Actual">The stored dtype.</param>
public sealed record DTypeMismatch(string Key, ScalarType Expected, ScalarType Actual)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Key}: expected {Expected}, got {Actual}";
}
