using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files;

namespace T5GemmaSharp.Training.Validation;

/// <summary>What is to be looked at.</summary>
internal sealed record ValidationRequest(T5GemmaTokenizer Tokenizer, IReadOnlyList<string> Files, DataFileOptions Options, CancellationToken Cancellation);
