using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Evaluation;
using T5GemmaSharp.Training.Finetuning;
using T5GemmaSharp.Training.Generation;
using T5GemmaSharp.Training.Recipes.G2p;

namespace T5GemmaSharp.Training.Quantizing;

/// <summary>Held-out examples that a model is measured on before and after: loss, perplexity and token accuracy of their targets, and the model's greedy answers.</summary>
internal sealed class AccuracyData
{
    private readonly QuantizationRequest _request;
    private readonly T5GemmaTokenizer _tokenizer;
    private readonly IReadOnlyList<Seq2SeqExample> _examples;
    private readonly IReadOnlyList<EncodedPrompt> _prompts;
    private readonly IReadOnlyList<PronunciationEntry> _words; // of the recipe, which also counts errors; else none

    private AccuracyData(QuantizationRequest request, T5GemmaTokenizer tokenizer, IReadOnlyList<Seq2SeqExample> examples, IReadOnlyList<EncodedPrompt> prompts, IReadOnlyList<PronunciationEntry> words)
        => (_request, _tokenizer, _examples, _prompts, _words) = (request, tokenizer, examples, prompts, words);

    /// <summary>Reads what a request names; null: nothing is to be measured.</summary>
    public static AccuracyData? Read(QuantizationRequest request, T5GemmaTokenizer tokenizer, CancellationToken cancellation)
    {
        if (request.Split is { } split)
        {
            var recipe = G2pRecipe.Load();
            var words = recipe.Words(split);
            return new AccuracyData(request, tokenizer, recipe.Encode(words), [.. words.Select((entry, index) => Prompt(index, tokenizer.Encode(entry.Word)))], words);
        }
        if (request.Data.Count == 0)
            return null;
        using var data = FinetuningData.Read(request.Examples, request.Data, tokenizer, cancellation);
        Seq2SeqExample[] examples = [.. Enumerable.Range(0, data.Examples.CountOf(epoch: 0)).Select(index => data.Examples[0, index])];
        if (examples.Length == 0)
            throw new InvalidDataException($"{string.Join(", ", request.Data)}: expected at least one example to measure on, got none");
        return new AccuracyData(request, tokenizer, examples, [.. examples.Select((example, index) => Prompt(index, example.InputIds))], []);
    }

    /// <summary>Measures a model.</summary>
    /// <exception cref="OperationCanceledException">The work was ended early.</exception>
    public MeasuredAccuracy Measure(T5GemmaForConditionalGeneration model, CancellationToken cancellation)
    {
        var measures = ValidationLoss.Measure(model, _examples, _request.BatchSize, cancellation);
        var values = new Dictionary<string, double> { ["loss"] = measures.Loss, ["perplexity"] = Math.Exp(measures.Loss), ["token_accuracy"] = measures.Accuracy };
        var answers = new int[_prompts.Count][];
        var errors = new PronunciationErrors();
        var generator = new TextGenerator(model, _tokenizer, _request.Generation);
        foreach (var batch in PromptBatches.Plan([.. _prompts], _request.BatchSize, sort: true))
        {
            foreach (var answer in generator.Answer(batch, cancellation))
            {
                answers[answer.Index] = answer.Ids;
                if (_words.Count > 0)
                    errors.Add(answer.Text.Trim(), _words[answer.Index].Pronunciations); // a phoneme is a token with the space before it
            }
        }
        if (_words.Count > 0)
            (values["word_error_rate"], values["phoneme_error_rate"]) = (errors.WordErrorRate, errors.PhonemeErrorRate);
        return new MeasuredAccuracy(values, answers);
    }

    private static EncodedPrompt Prompt(int index, int[] ids) => new(index, ids, DecoderIds: []);
}
