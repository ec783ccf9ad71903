using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Data.Files.Labels;
using static TorchSharp.torch;
using HeadLosses = T5GemmaSharp.Modeling.Losses;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>Training of a head that makes one prediction a token. Tokens without a label do not count.</summary>
/// <param name="model">The model.</param>
/// <param name="examples">The tokens.</param>
public sealed class TokenClassificationTask(T5GemmaForTokenClassification model, IExampleSource<TokenClassificationExample> examples)
    : ClassificationTask<TokenClassificationExample, TokenClassifierOutput>(model, examples)
{
    private readonly T5GemmaConfig _config = model.Config;

    private protected override ClassificationBatch Batch(IReadOnlyList<TokenClassificationExample> examples) => ClassificationBatch.OfTokens(examples, _config);

    private protected override Tensor LogitsOf(TokenClassifierOutput output) => output.Logits;

    private protected override Tensor Loss(Tensor logits, Tensor labels) => HeadLosses.TokenCrossEntropy(logits, labels, numItemsInBatch: 1);
}
