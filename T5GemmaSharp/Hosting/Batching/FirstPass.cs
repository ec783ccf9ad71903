using TorchSharp;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>A first pass, which reads the weights' pages and makes what is made once, so that the first request does not wait for it.</summary>
internal static class FirstPass
{
    /// <summary>Runs the encoder, and the decoder where there is one.</summary>
    public static void Run(HostedModel model, IStepDecoder? decoder)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var id = model.Config.BosTokenId ?? 0;
        if (decoder is not null)
        {
            decoder.Add([[(int)id]], [id]);
            decoder.Step(0, [id]);
            decoder.RemoveAt(0);
        }
        else
        {
            RowFunction function = model.Encoder is null ? new HeadRows() : new EmbeddingRows(T5GemmaPooling.Mean, IsNormalized: true);
            function.Run(model, [[(int)id]]);
        }
    }
}
