namespace T5GemmaSharp.Training.Generation;

/// <summary>A prompt in ids.</summary>
/// <param name="Index">Its number in the input, from 0.</param>
/// <param name="InputIds">Ids for the encoder.</param>
/// <param name="DecoderIds">Ids that the answer begins with, without the start token; may be empty.</param>
internal sealed record EncodedPrompt(int Index, int[] InputIds, int[] DecoderIds);
