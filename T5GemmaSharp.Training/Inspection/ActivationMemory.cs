using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Training.Inspection;

/// <summary>
/// Estimate of what a training pass takes beside weights, gradients and optimizer, in bytes: what is kept for the backward pass, and the largest that is there for a moment. The
/// context of CUDA, libraries' workspaces and what an allocator keeps for later are not in it.
/// </summary>
/// <param name="States">Inputs of the layers that are computed again, and the stacks' results; in a pass that keeps all layers their inputs are among <paramref name="Layers"/>.</param>
/// <param name="Layers">What the layers keep: all of them, or the largest where they are computed again.</param>
/// <param name="Momentary">What the attention of a layer takes for a moment.</param>
/// <param name="Head">What a chunk of targets takes in the head and its loss.</param>
/// <param name="IsSegmented">Whether layers are computed again: no layer is there then beside the head.</param>
internal sealed record ActivationMemory(long States, long Layers, long Momentary, long Head, bool IsSegmented)
{
    private const int Float32 = 4;
    private const int LossForms = 3; // of the logits in float32: logarithm of the softmax, and the gradients of the loss and of it

    /// <summary>The most that is there together.</summary>
    public long Total => States + (IsSegmented ? Math.Max(Head, Layers + Momentary) : Layers + Math.Max(Head, Momentary));

    /// <summary>Estimates a pass of an encoder-decoder, or of an encoder alone.</summary>
    /// <param name="config">The model.</param>
    /// <param name="numbers">How its numbers are stored.</param>
    /// <param name="rows">Examples of the micro-batch.</param>
    /// <param name="length">Their length with padding.</param>
    /// <param name="isSegmented">Whether layers are computed again.</param>
    /// <param name="chunkSize">Targets whose logits over the vocabulary are there together; 0: the model has no such head.</param>
    public static ActivationMemory Of(T5GemmaConfig config, NumberStorage numbers, int rows, ExampleLength length, bool isSegmented = false, int chunkSize = 0)
    {
        var (encoder, decoder) = (config.Encoder, config.Decoder);
        var encoderLayer = LayerMemory.Of(encoder, numbers, rows, length.Encoder, keys: length.Encoder);
        var decoderLayer = config.IsEncoderDecoder ? LayerMemory.Of(decoder, numbers, rows, length.Decoder, keys: [length.Decoder, length.Encoder]) : default;
        var largest = encoderLayer.Kept > decoderLayer.Kept ? encoderLayer : decoderLayer;
        var states = StatesOf(encoder, length.Encoder) + (config.IsEncoderDecoder ? StatesOf(decoder, length.Decoder) : 0);
        var layers = isSegmented ? largest.Kept : (encoderLayer.Kept * encoder.NumHiddenLayers) + (decoderLayer.Kept * (config.IsEncoderDecoder ? decoder.NumHiddenLayers : 0));
        return new ActivationMemory(states, layers, largest.Momentary, HeadOf(decoder, numbers, Math.Min(chunkSize, (long)rows * length.Decoder)), isSegmented);

        long StatesOf(T5GemmaModuleConfig stack, long tokens) => rows * tokens * stack.HiddenSize * numbers.Size * (1 + (isSegmented ? stack.NumHiddenLayers : 0));
    }

    /// <summary>The capped logits and their tanh, what the loss makes of them, and a gradient of the table before it is added to that of the other uses. A kernel has one form of the logits.</summary>
    private static long HeadOf(T5GemmaModuleConfig decoder, NumberStorage numbers, long targets)
    {
        var logit = numbers.HasKernels ? numbers.Size : (2 * numbers.Size) + (LossForms * Float32);
        return targets == 0 ? 0 : decoder.VocabSize * ((targets * logit) + (decoder.HiddenSize * numbers.Size));
    }
}
