using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Tokenization.Chat;
using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Training.Objectives;

/// <summary>Examples of conversations: one for each turn of the assistant.</summary>
public static class ChatExamples
{
    private const string Assistant = "assistant";
    private const string EndOfTurn = "<end_of_turn>";

    /// <summary>Makes the examples of a conversation.</summary>
    /// <remarks>The encoder reads the turns before the assistant's, with the start of the answer; the labels are the answer as the template writes it, with <c>&lt;end_of_turn&gt;</c>.</remarks>
    /// <param name="tokenizer">The tokenizer with its default chat template.</param>
    /// <param name="turns">The conversation; what follows the last turn of the assistant is left out.</param>
    /// <param name="appendEos">Whether eos stands behind <c>&lt;end_of_turn&gt;</c>. Default false.</param>
    /// <param name="parseSpecialInContent">Whether text such as <c>&lt;eos&gt;</c> in a content becomes the special token; false for contents that are not trusted.</param>
    /// <returns>Examples in the order of the turns.</returns>
    /// <exception cref="ArgumentException">There is no turn of the assistant, or the template does not write it behind the turns before it.</exception>
    /// <exception cref="InvalidOperationException">The tokenizer has no <c>&lt;end_of_turn&gt;</c>, or no eos and it is asked for.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public static IReadOnlyList<Seq2SeqExample> Expand(T5GemmaTokenizer tokenizer, IReadOnlyList<ChatTurn> turns, bool appendEos = false, bool parseSpecialInContent = true)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(turns);
        var endOfTurn = tokenizer.EndOfTurnId ?? throw new InvalidOperationException($"an answer ends with {EndOfTurn}, the tokenizer has none");
        int[] closing = !appendEos ? [endOfTurn] : [endOfTurn, tokenizer.EosId ?? throw new InvalidOperationException("appendEos: the tokenizer has no eos")];
        var answers = Enumerable.Range(0, turns.Count).Where(index => turns[index].Role == Assistant).ToList();
        if (answers.Count == 0)
            throw new ArgumentException($"turns: expected a turn of the role {Assistant}, got {(turns.Count == 0 ? "no turn" : string.Join(", ", turns.Select(turn => turn.Role)))}", nameof(turns));
        return [.. answers.Select(index => new Seq2SeqExample(
            tokenizer.EncodeChat([.. turns.Take(index)], addGenerationPrompt: true, parseSpecialInContent),
            [.. tokenizer.Encode(AnswerText(tokenizer, turns, index), addBos: false, addEos: false, parseSpecialInContent), .. closing]))];
    }

    // Templates change contents, Gemma's strips spaces; what the model learns to write has to be what it later reads as a past turn.
    private static string AnswerText(T5GemmaTokenizer tokenizer, IReadOnlyList<ChatTurn> turns, int index)
    {
        var prompt = tokenizer.ApplyChatTemplate([.. turns.Take(index)], addGenerationPrompt: true);
        var whole = tokenizer.ApplyChatTemplate([.. turns.Take(index + 1)], addGenerationPrompt: false);
        var end = whole.LastIndexOf(EndOfTurn, StringComparison.Ordinal);
        return whole.StartsWith(prompt, StringComparison.Ordinal) && end >= prompt.Length
            ? whole[prompt.Length..end]
            : throw new ArgumentException($"turns: the chat template does not write turn {index} as the prompt, the answer and {EndOfTurn}; make the pairs by hand with PairExamples", nameof(turns));
    }
}
