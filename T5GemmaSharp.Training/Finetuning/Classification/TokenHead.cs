using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Labels;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>The head that predicts classes of words.</summary>
internal sealed class TokenHead : HeadKind<T5GemmaForTokenClassification, TokenClassifierOutput>
{
    public override ProblemType? ProblemOf(T5GemmaConfig config) => null;

    public override IHeadData<T5GemmaForTokenClassification> Read(
        IReadOnlyList<string> files, T5GemmaTokenizer tokenizer, DataFileOptions options, LabelTable? labels, ProblemType? problem, CancellationToken cancellation)
        => new LabelledWords(TokenClassificationStore.Create(files, tokenizer, options, labels, cancellation));

    public override T5GemmaForTokenClassification Load(string folder, PretrainedOptions options) => T5GemmaForTokenClassification.FromPretrained(folder, options);
}
