using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>
/// What a classification head says: of each text a number a class [C], or of each token [S, C], padding included; probabilities, or the predicted values themselves where
/// the head predicts values.
/// </summary>
internal sealed record HeadRows : RowFunction
{
    /// <summary>What a head of whole texts predicts.</summary>
    public static ProblemType ProblemOf(T5GemmaConfig config) => config.ProblemType ?? (config.NumLabels == 1 ? ProblemType.Regression : ProblemType.SingleLabelClassification);

    public override IReadOnlyList<float[]> Run(HostedModel model, IReadOnlyList<IReadOnlyList<int>> rows)
    {
        using var scope = NewDisposeScope();
        var batch = PaddedIds.Of(rows, model.Config.PadTokenId, model.Device);
        var inputs = new T5GemmaInputs { InputIds = batch.Ids, AttentionMask = batch.Mask };
        return Rows.Of(model.Model switch
        {
            T5GemmaForSequenceClassification sequence => Predictions(sequence.call(inputs).Logits.to(ScalarType.Float32), ProblemOf(model.Config)),
            T5GemmaForTokenClassification tokens => tokens.call(inputs).Logits.to(ScalarType.Float32).softmax(-1),
            var other => throw new NotSupportedException($"a {other.GetType().Name} has no classification head"),
        });
    }

    private static Tensor Predictions(Tensor logits, ProblemType problem) => problem switch
    {
        ProblemType.Regression => logits,
        ProblemType.MultiLabelClassification => logits.sigmoid(),
        _ => logits.softmax(-1),
    };
}
