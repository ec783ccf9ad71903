namespace T5GemmaSharp.Checkpoints;

/// <summary>A tensor that is stored with another shape than the model has.</summary>
/// <param name="Key">The model's key.</param>
/// <param name="Expected">The model's shape.</param>
/// <param name="Actual">The stored shape.</param>
public sealed record ShapeMismatch(string Key, IReadOnlyList<long> Expected, IReadOnlyList<long> Actual)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Key}: expected [{string.Join(", ", Expected)}], got [{string.Join(", ", Actual)}]";
}
