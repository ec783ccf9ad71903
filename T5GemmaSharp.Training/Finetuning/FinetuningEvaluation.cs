using T5GemmaSharp.Generation;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Evaluation;
using T5GemmaSharp.Training.Evaluation.Metrics;
using T5GemmaSharp.Training.Generation;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>Measures a model on held-out examples: loss and perplexity, and metrics of what it writes.</summary>
internal sealed class FinetuningEvaluation(
    T5GemmaForConditionalGeneration model, T5GemmaTokenizer tokenizer, IExampleSource<Seq2SeqExample> examples, FinetuningRequest request, CancellationToken cancellation)
{
    // Every evaluation sees the same examples, also where an epoch would draw others.
    private readonly Seq2SeqExample[] _examples = [.. Enumerable.Range(0, examples.CountOf(epoch: 0)).Select(index => examples[0, index])];

    public EvaluationReport Measure(int step)
    {
        var loss = ValidationLoss.Compute(model, _examples, request.EvaluationBatchSize);
        var values = new Dictionary<string, double> { ["loss"] = loss, ["perplexity"] = Math.Exp(loss) };
        if (request.Metrics.Count > 0)
        {
            foreach (var value in Metrics())
                values[value.Name] = value.Value;
        }

        return new EvaluationReport(step, values);
    }

    private IReadOnlyList<MetricValue> Metrics()
    {
        var metrics = MetricSet.Create(request.Metrics);
        var generator = new TextGenerator(model, tokenizer, new GenerationConfig { MaxNewTokens = request.MaxNewTokens });
        EncodedPrompt[] prompts = [.. _examples.Select((example, index) => new EncodedPrompt(index, example.InputIds, DecoderIds: []))];
        foreach (var batch in PromptBatches.Plan(prompts, request.EvaluationBatchSize, sort: true))
        {
            foreach (var answer in generator.Answer(batch, cancellation))
                metrics.Add(answer.Text, [tokenizer.Decode(_examples[answer.Index].Labels.Where(label => label != Seq2SeqBatch.IgnoreIndex), skipSpecialTokens: true)]);
        }

        return metrics.Compute();
    }
}
