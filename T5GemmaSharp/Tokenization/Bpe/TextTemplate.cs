namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>Special tokens around a text.</summary>
/// <param name="Prefix">Pieces before it.</param>
/// <param name="Suffix">Pieces behind it.</param>
internal sealed record TextTemplate(IReadOnlyList<string> Prefix, IReadOnlyList<string> Suffix)
{
    public static readonly TextTemplate Bare = new([], []);
}
