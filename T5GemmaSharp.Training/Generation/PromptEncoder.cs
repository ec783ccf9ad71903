using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Training.Generation;

/// <summary>Turns prompts into ids.</summary>
internal sealed class PromptEncoder(T5GemmaTokenizer tokenizer)
{
    private int _count;

    /// <summary>Whether a text is a user's turn of a conversation. Messages always are one.</summary>
    public bool IsChat { get; init; }

    /// <summary>Whether special tokens written in a text are taken as such.</summary>
    public bool ParseSpecial { get; init; } = true;

    /// <summary>How answers begin whose prompt does not say it; null: with nothing.</summary>
    public string? DecoderPrompt { get; init; }

    /// <summary>Encodes the next prompt.</summary>
    /// <exception cref="FormatException">The chat template refuses the conversation, or the tokenizer has none or no bos.</exception>
    public EncodedPrompt Encode(Prompt prompt)
    {
        try
        {
            return new EncodedPrompt(_count++, Source(prompt), Start(prompt.DecoderPrompt ?? DecoderPrompt));
        }
        catch (Exception exception) when (exception is ChatTemplateException or InvalidOperationException)
        {
            throw new FormatException($"{prompt.Place}: {exception.Message}", exception);
        }
    }

    private int[] Source(Prompt prompt) => (prompt.Turns, prompt.Text) switch
    {
        ({ } turns, _) => tokenizer.EncodeChat(turns, addGenerationPrompt: true, ParseSpecial),
        (_, { } text) when IsChat => tokenizer.EncodeChat([new ChatTurn("user", text)], addGenerationPrompt: true, ParseSpecial),
        (_, var text) => tokenizer.Encode(text!, parseSpecial: ParseSpecial), // a prompt has a text or turns
    };

    // The start token is added later, to every row alike.
    private int[] Start(string? text)
    {
        if (text is null)
            return [];
        var ids = tokenizer.Encode(text, addBos: false, addEos: false, ParseSpecial);
        return ids.Length > 0 && ids[0] == tokenizer.BosId ? ids[1..] : ids;
    }
}
