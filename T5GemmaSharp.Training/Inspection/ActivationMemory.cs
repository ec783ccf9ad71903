using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Training.Inspection;

/// <summary>Estimates what a training pass keeps beside weights, gradients and optimizer: the tensors that the backward pass reads, and the largest that are there for a moment.</summary>
internal static class ActivationMemory
{
    private const int Float32 = 4;

    // A layer's residual streams, and inputs and outputs of its norms, in units of the hidden size; with two blocks, or three where it reads the encoder.
    private const int StatesPerBlock = 3;
    private const int FeedForwardStates = 4; // gate, its activation, up, their product
    private const int MomentaryScores = 6;   // of one layer, for each of its attentions: forms before the softmax, and gradients
    private const int HeadForms = 5;         // of a chunk's logits: capped, log-softmax, and gradients

    /// <summary>Estimates the bytes of a pass.</summary>
    /// <param name="config">The model.</param>
    /// <param name="elementSize">Bytes of a number of the model.</param>
    /// <param name="rows">Examples of the micro-batch.</param>
    /// <param name="length">Their length with padding.</param>
    /// <param name="isSegmented">Whether layers are computed again.</param>
    /// <param name="chunkSize">Targets whose logits are there together.</param>
    public static long Estimate(T5GemmaConfig config, long elementSize, int rows, ExampleLength length, bool isSegmented, int chunkSize)
    {
        var (encoder, decoder) = (config.Encoder, config.Decoder);
        var encoderLayer = rows * Layer(encoder, length.Encoder, keys: [length.Encoder], elementSize);
        var decoderLayer = rows * Layer(decoder, length.Decoder, keys: [length.Decoder, length.Encoder], elementSize);
        var states = rows * elementSize * ((encoder.HiddenSize * (long)length.Encoder * (encoder.NumHiddenLayers + 1)) + (decoder.HiddenSize * (long)length.Decoder * (decoder.NumHiddenLayers + 1)));
        var kept = isSegmented
            ? states + Math.Max(encoderLayer, decoderLayer)
            : states + (encoderLayer * encoder.NumHiddenLayers) + (decoderLayer * decoder.NumHiddenLayers);
        var scores = Math.Max(Scores(encoder, length.Encoder, length.Encoder), Scores(decoder, length.Decoder, length.Encoder + length.Decoder));
        var head = HeadForms * Float32 * decoder.VocabSize * Math.Min(chunkSize, (long)rows * length.Decoder);
        return kept + Math.Max(rows * MomentaryScores * Float32 * scores, head);
    }

    /// <summary>Bytes that one example leaves in a layer.</summary>
    private static long Layer(T5GemmaModuleConfig config, long length, long[] keys, long elementSize)
    {
        var dropped = config.DropoutRate > 0 ? 2 : 0; // the mask and the result
        var perToken = ((keys.Length + 1) * (StatesPerBlock + dropped) * (long)config.HiddenSize)
            + ((FeedForwardStates + dropped) * (long)config.IntermediateSize)
            + (keys.Length * 2L * config.NumAttentionHeads * config.HeadDim); // queries, and the heads' outputs
        var perKey = 2L * config.NumKeyValueHeads * config.HeadDim;
        var norms = elementSize == Float32 ? 0 : (keys.Length + 1) * 2L * config.HiddenSize * length * Float32; // their inputs in float32
        var scoreBytes = Float32 + elementSize + (elementSize == Float32 ? 0 : elementSize) + (config.AttentionDropout > 0 ? 2 * elementSize : 0);
        return (elementSize * ((length * perToken) + (keys.Sum() * perKey))) + norms + (keys.Sum(key => Scores(config, length, key)) * scoreBytes);
    }

    private static long Scores(T5GemmaModuleConfig config, long length, long keys) => config.NumAttentionHeads * length * keys;
}
