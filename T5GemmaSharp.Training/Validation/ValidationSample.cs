namespace T5GemmaSharp.Training.Validation;

/// <summary>An example as text.</summary>
/// <param name="Index">Its index.</param>
/// <param name="Source">What the encoder reads, special tokens included.</param>
/// <param name="Target">What is to be learned: the decoder's text, or labels; null: nothing beside the source.</param>
internal sealed record ValidationSample(int Index, string Source, string? Target)
{
    /// <summary>The first example, one in the middle and the last.</summary>
    public static IReadOnlyList<ValidationSample> Of(int count, Func<int, ValidationSample> render)
        => [.. new[] { 0, count / 2, count - 1 }.Distinct().Select(render)];
}
