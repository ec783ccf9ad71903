namespace T5GemmaSharp.Quantization;

/// <summary>A matrix that was quantized.</summary>
/// <param name="Name">Name of its layer, such as <c>model.decoder.layers.0.mlp.down_proj</c>; <c>lm_head.out_proj</c> for the head.</param>
/// <param name="BytesBefore">Its bytes before. Those of a head that is tied to the embeddings stay, for the embeddings.</param>
/// <param name="BytesAfter">Bytes of its integers and scales.</param>
/// <param name="RelativeError">The norm of what was lost, divided by the norm of the matrix.</param>
public sealed record QuantizedWeight(string Name, long BytesBefore, long BytesAfter, double RelativeError);
