using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Evaluation;
using T5GemmaSharp.Training.Evaluation.Metrics;
using T5GemmaSharp.Training.Generation;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>Measures a model on held-out examples: loss, perplexity and token accuracy, and metrics of what it writes.</summary>
/// <param name="model">The model, in evaluation mode when it is measured.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="examples">The examples; those of epoch 0 count.</param>
/// <param name="options">What is measured.</param>
/// <param name="cancellation">Ends the work between two batches.</param>
/// <param name="onAnswer">Called with each answer and the text that was expected; null: nobody reads the answers.</param>
internal sealed class FinetuningEvaluation(
    T5GemmaForConditionalGeneration model,
    T5GemmaTokenizer tokenizer,
    IExampleSource<Seq2SeqExample> examples,
    MeasuringOptions options,
    CancellationToken cancellation,
    Action<Answer, string>? onAnswer = null)
{
    // Every evaluation sees the same examples, also where an epoch would draw others.
    private readonly Seq2SeqExample[] _examples = [.. Enumerable.Range(0, examples.CountOf(epoch: 0)).Select(index => examples[0, index])];

    public EvaluationReport Measure(int step)
    {
        var measures = ValidationLoss.Measure(model, _examples, options.BatchSize, cancellation);
        var values = new Dictionary<string, double> { ["loss"] = measures.Loss, ["perplexity"] = Math.Exp(measures.Loss), ["token_accuracy"] = measures.Accuracy };
        if (options.Metrics.Count > 0 || onAnswer is not null)
        {
            foreach (var value in Metrics())
                values[value.Name] = value.Value;
        }

        return new EvaluationReport(step, values);
    }

    private IReadOnlyList<MetricValue> Metrics()
    {
        var metrics = MetricSet.Create(options.Metrics);
        var generator = new TextGenerator(model, tokenizer, options.Generation);
        EncodedPrompt[] prompts = [.. _examples.Select((example, index) => new EncodedPrompt(index, example.InputIds, DecoderIds: []))];
        foreach (var batch in PromptBatches.Plan(prompts, options.BatchSize, sort: true))
        {
            foreach (var answer in generator.Answer(batch, cancellation))
            {
                var expected = tokenizer.Decode(_examples[answer.Index].Labels.Where(label => label != Seq2SeqBatch.IgnoreIndex), skipSpecialTokens: true);
                metrics.Add(answer.Text, [expected]);
                onAnswer?.Invoke(answer, expected);
            }
        }

        return metrics.Compute();
    }
}
