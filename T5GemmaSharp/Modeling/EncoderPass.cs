using T5GemmaSharp.Modeling.Inputs;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>What the layers of an encoder need in one pass besides their hidden states.</summary>
/// <param name="PositionEmbeddings">Cosines and sines of the positions.</param>
/// <param name="Masks">Ready masks.</param>
/// <param name="OutputAttentions">Whether attention probabilities are wanted.</param>
internal sealed record EncoderPass((Tensor Cos, Tensor Sin) PositionEmbeddings, LayerMasks Masks, bool OutputAttentions = false)
{
    internal T5GemmaSelfAttentionInputs InputsOf(T5GemmaEncoderLayer layer, Tensor hiddenStates) => new()
    {
        HiddenStates = hiddenStates,
        PositionEmbeddings = PositionEmbeddings,
        AttentionMask = Masks.For(layer.AttentionType),
        OutputAttentions = OutputAttentions,
    };
}
