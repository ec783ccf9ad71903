namespace T5GemmaSharp.Training.Objectives.Denoisers;

/// <summary>Tokens of text and sentinels in an example, without what stands around them.</summary>
/// <param name="Encoder">Tokens of the encoder.</param>
/// <param name="Decoder">Tokens of the labels.</param>
/// <param name="Sentinels">Different sentinels.</param>
internal readonly record struct ExampleSize(int Encoder, int Decoder, int Sentinels);
