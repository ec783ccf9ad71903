namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>A rule of byte-pair encoding; its rank is its place in the list of rules.</summary>
/// <param name="Left">Id of the left part.</param>
/// <param name="Right">Id of the right part.</param>
/// <param name="Product">Id of the joined piece.</param>
internal readonly record struct Merge(int Left, int Right, int Product);
