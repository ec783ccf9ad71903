using T5GemmaSharp.Caching;
using T5GemmaSharp.Modeling.Inputs;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>What the layers of a decoder need in one pass besides their hidden states.</summary>
/// <param name="PositionEmbeddings">Cosines and sines of the positions.</param>
/// <param name="Masks">Ready masks of self-attention.</param>
/// <param name="CrossMask">Ready mask of cross-attention; null: none.</param>
/// <param name="EncoderHiddenStates">The encoder's last hidden state.</param>
/// <param name="Cache">Cache of both attentions; null: none.</param>
/// <param name="OutputAttentions">Whether attention probabilities are wanted.</param>
internal sealed record DecoderPass(
    (Tensor Cos, Tensor Sin) PositionEmbeddings, LayerMasks Masks, Tensor? CrossMask, Tensor EncoderHiddenStates, EncoderDecoderCache? Cache, bool OutputAttentions)
{
    internal T5GemmaDecoderLayerInputs InputsOf(T5GemmaDecoderLayer layer, Tensor hiddenStates) => new()
    {
        HiddenStates = hiddenStates,
        PositionEmbeddings = PositionEmbeddings,
        AttentionMask = Masks.For(layer.AttentionType),
        EncoderHiddenStates = EncoderHiddenStates,
        EncoderAttentionMask = CrossMask,
        PastKeyValues = Cache,
        OutputAttentions = OutputAttentions,
    };
}
