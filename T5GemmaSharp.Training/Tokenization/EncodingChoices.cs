namespace T5GemmaSharp.Training.Tokenization;

/// <summary>What goes around a text, and whether special tokens in it count. All are settled, nothing is left to the tokenizer's files.</summary>
internal sealed record EncodingChoices(bool AddBos, bool AddEos, bool ParseSpecial);
