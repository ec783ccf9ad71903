namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>A token that is cut out of the raw text before BPE.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="IsSpecial">Whether decoding may leave it out.</param>
internal sealed record AddedToken(int Id, string Content, bool IsSpecial);
