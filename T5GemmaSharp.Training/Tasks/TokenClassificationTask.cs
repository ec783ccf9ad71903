using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Data.Files.Labels;
using static TorchSharp.torch;
using HeadLosses = T5GemmaSharp.Modeling.Losses;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>Training of a head that makes one prediction a token. Tokens without a label do not count.</summary>
/// <param name="model">The model.</param>
/// <param name="examples">The tokens.</param>
/// <param name="labelSmoothing">Share e of the target probability that is spread over all classes, 0 to below 1: (1 - e) CE + e mean(-log p), of tokens with a label.</param>
/// <param name="isSegmented">Whether layers are computed again in the backward pass, which saves the memory of their activations and costs about a third more time.</param>
public sealed class TokenClassificationTask(
    T5GemmaForTokenClassification model, IExampleSource<TokenClassificationExample> examples, double labelSmoothing = 0, bool isSegmented = false)
    : ClassificationTask<TokenClassificationExample, TokenClassifierOutput>(model, examples, labelSmoothing, isSegmented)
{
    private readonly T5GemmaForTokenClassification _model = model;

    private protected override nn.Module Backbone => _model.Model;

    private protected override ClassificationBatch Batch(IReadOnlyList<TokenClassificationExample> examples) => ClassificationBatch.OfTokens(examples, _model.Config);

    private protected override Tensor LogitsOf(TokenClassifierOutput output) => output.Logits;

    private protected override Tensor ToLogits(Tensor lastHiddenState, T5GemmaInputs inputs) => _model.Score.call(lastHiddenState);

    private protected override Tensor Loss(Tensor logits, Tensor labels) => HeadLosses.TokenCrossEntropy(logits, labels, numItemsInBatch: 1, LabelSmoothing);
}
