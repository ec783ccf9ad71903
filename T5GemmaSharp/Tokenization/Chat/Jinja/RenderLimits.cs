namespace T5GemmaSharp.Tokenization.Chat.Jinja;

/// <summary>What one render may spend. A template of a long conversation needs less than a hundredth.</summary>
/// <param name="Steps">Units of work: an operation, an element, or some tens of characters.</param>
/// <param name="Characters">Characters of all texts made.</param>
/// <param name="TextLength">Characters of one text.</param>
internal sealed record RenderLimits(long Steps = 10_000_000, long Characters = 200_000_000, int TextLength = 32 * 1024 * 1024)
{
    /// <summary>The limits of every public entry.</summary>
    public static RenderLimits Default { get; } = new();
}
