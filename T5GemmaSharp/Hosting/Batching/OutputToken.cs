using T5GemmaSharp.Generation.Streaming;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>A token of an answer.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">The text that is final with it.</param>
/// <param name="FinishReason">Why the answer ends with it; null: it goes on.</param>
internal readonly record struct OutputToken(long Id, string Text, FinishReason? FinishReason);
