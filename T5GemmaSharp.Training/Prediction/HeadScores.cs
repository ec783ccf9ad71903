using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Training.Data;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Prediction;

/// <summary>Calls a model with rows of ids.</summary>
internal static class HeadScores
{
    /// <summary>The logits of a batch; they belong to the caller's dispose scope.</summary>
    /// <param name="model">The model.</param>
    /// <param name="batch">The rows.</param>
    /// <param name="logitsOf">Takes them out of what the model returns.</param>
    /// <returns>[B, C] or [B, T, C], float32.</returns>
    public static Tensor Logits<TOutput>(T5GemmaPreTrainedModel<T5GemmaInputs, TOutput> model, IReadOnlyList<EncodedRow> batch, Func<TOutput, Tensor> logitsOf)
    {
        var ids = PaddedRows.Of([.. batch.Select(row => row.InputIds)], model.Config.PadTokenId ?? 0, out var mask);
        var output = model.call(new T5GemmaInputs { InputIds = tensor(ids, device: model.Device), AttentionMask = tensor(mask, device: model.Device) });
        return logitsOf(output).to(ScalarType.Float32);
    }

    /// <summary>The numbers of a tensor, a row of the last axis at a time.</summary>
    public static float[][] Rows(Tensor values) => [.. values.cpu().contiguous().data<float>().ToArray().Chunk((int)values.size(-1))];

    /// <summary>The index of the largest number.</summary>
    public static int IndexOfMax(float[] values) => Array.IndexOf(values, values.Max());
}
