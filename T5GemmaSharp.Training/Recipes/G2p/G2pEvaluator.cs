using T5GemmaSharp.Generation;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Evaluation;
using T5GemmaSharp.Training.Generation;

namespace T5GemmaSharp.Training.Recipes.G2p;

/// <summary>Measures a model on words of the dictionary.</summary>
public sealed class G2pEvaluator
{
    private const int BatchSize = 512;

    private readonly TextGenerator _generator;

    /// <summary>Creates an evaluator.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    public G2pEvaluator(T5GemmaForConditionalGeneration model, T5GemmaTokenizer tokenizer)
        => _generator = new TextGenerator(model, tokenizer, new GenerationConfig { MaxNewTokens = G2pRecipe.MaxNewTokens });

    /// <summary>Decodes every word and counts the errors.</summary>
    /// <param name="words">The words.</param>
    /// <param name="cancellation">Ends the work early.</param>
    /// <returns>The error rates and the predictions in the order of the words.</returns>
    /// <exception cref="OperationCanceledException">The work was ended early.</exception>
    public (PronunciationErrors Errors, IReadOnlyList<string> Predictions) Evaluate(IReadOnlyList<PronunciationEntry> words, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(words);
        var answers = _generator.AnswerAll([.. words.Select(entry => entry.Word)], BatchSize, cancellation);
        string[] predictions = [.. answers.Select(answer => answer.Trim())]; // a phoneme is a token with the space before it
        var errors = new PronunciationErrors();
        for (var index = 0; index < words.Count; index++)
            errors.Add(predictions[index], words[index].Pronunciations);
        return (errors, predictions);
    }
}
