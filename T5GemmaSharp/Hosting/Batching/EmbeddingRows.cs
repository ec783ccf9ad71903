using T5GemmaSharp.Modeling.Inputs;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>A vector of each text from the encoder's last states.</summary>
/// <param name="Pooling">How states become a vector.</param>
/// <param name="IsNormalized">Whether vectors have length one.</param>
internal sealed record EmbeddingRows(T5GemmaPooling Pooling, bool IsNormalized) : RowFunction
{
    public override IReadOnlyList<float[]> Run(HostedModel model, IReadOnlyList<IReadOnlyList<int>> rows)
    {
        using var scope = NewDisposeScope();
        var batch = PaddedIds.Of(rows, model.Config.PadTokenId, model.Device);
        var states = model.Encoder!.call(new T5GemmaEncoderInputs { InputIds = batch.Ids, AttentionMask = batch.Mask }).LastHiddenState.to(ScalarType.Float32); // asked of models with an encoder only
        var vectors = Pool(states, batch.Mask); // [B, D]
        if (IsNormalized)
            vectors = nn.functional.normalize(vectors, p: 2, dim: -1);
        return Rows.Of(vectors);
    }

    private Tensor Pool(Tensor states, Tensor mask)
    {
        var lengths = mask.sum(1, keepdim: true); // [B, 1]
        if (Pooling == T5GemmaPooling.Mean)
            return (states * mask.unsqueeze(2)).sum(dim: 1) / lengths;
        var last = (lengths - 1).unsqueeze(2).expand(states.size(0), 1, states.size(2));
        return states.gather(1, last).squeeze(1);
    }
}
