using T5GemmaSharp.Tokenization.Bpe;
using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Tokenization;

/// <content>Conversations.</content>
public sealed partial class T5GemmaTokenizer
{
    private readonly string[] _specialTokens;
    private readonly Lazy<IReadOnlyDictionary<string, ChatTemplate>> _chatTemplates;

    /// <summary>The chat templates of the tokenizer's files by name; only Gemma's turn format, as <c>default</c>, when the files have none.</summary>
    /// <remarks>HF: <c>tokenizer.chat_template</c>. A template with a fault throws when it is used, not here.</remarks>
    /// <exception cref="TokenizerFormatException">A template file is not UTF-8, or the field <c>chat_template</c> has a wrong form.</exception>
    public IReadOnlyDictionary<string, ChatTemplate> ChatTemplates => _chatTemplates.Value;

    /// <summary>The template named <c>default</c>: that of <c>chat_template.jinja</c>, else that of <c>tokenizer_config.json</c>, else Gemma's turn format.</summary>
    /// <exception cref="InvalidOperationException">The files have templates, but none of this name.</exception>
    /// <exception cref="TokenizerFormatException">A template file is not UTF-8, or the field <c>chat_template</c> has a wrong form.</exception>
    public ChatTemplate ChatTemplate => ChatTemplates.TryGetValue(ChatTemplateFiles.DefaultName, out var template)
        ? template
        : throw new InvalidOperationException($"there is no chat template named \"{ChatTemplateFiles.DefaultName}\"; take one of {string.Join(", ", ChatTemplates.Keys)} from ChatTemplates");

    /// <summary>Renders a conversation with the default template.</summary>
    /// <remarks>HF: <c>apply_chat_template(conversation, tokenize=False)</c>.</remarks>
    /// <param name="turns">The conversation.</param>
    /// <param name="addGenerationPrompt">Whether the text ends with the start of the answer.</param>
    /// <exception cref="ArgumentNullException"><paramref name="turns"/> is null.</exception>
    /// <exception cref="ArgumentException">A turn or a part of one is null.</exception>
    /// <exception cref="ChatTemplateException">The template is broken, fails, or refuses the conversation.</exception>
    public string ApplyChatTemplate(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt = true)
        => ChatTemplate.Apply(turns, ChatOptions(addGenerationPrompt));

    /// <summary>Renders a conversation with the default template and turns it into ids. bos and eos come from the template alone.</summary>
    /// <remarks>HF: <c>apply_chat_template(conversation, tokenize=True)</c>.</remarks>
    /// <param name="turns">The conversation.</param>
    /// <param name="addGenerationPrompt">Whether the ids end with the start of the answer.</param>
    /// <param name="parseSpecialInContent">
    /// Whether text such as <c>&lt;end_of_turn&gt;</c> in a content becomes the special token, as in the reference; false for contents that are not trusted.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="turns"/> is null.</exception>
    /// <exception cref="ArgumentException">A turn or a part of one is null.</exception>
    /// <exception cref="ChatTemplateException">The template is broken, fails, or refuses the conversation.</exception>
    public int[] EncodeChat(IReadOnlyList<ChatTurn> turns, bool addGenerationPrompt = true, bool parseSpecialInContent = true)
    {
        if (parseSpecialInContent)
            return Encode(ApplyChatTemplate(turns, addGenerationPrompt), addBos: false, addEos: false);
        var rendering = ChatTemplate.Apply(turns, ChatOptions(addGenerationPrompt), _specialTokens);
        var plain = new PlainRanges([.. rendering.PlainRanges.Select(range => (range.Start.Value, range.End.Value))]);
        return EncodeIds(TextEncoder.Clean(rendering.Text), addBos: false, addEos: false, plain, normalize: true);
    }

    private ChatTemplateOptions ChatOptions(bool addGenerationPrompt)
    {
        var variables = new Dictionary<string, object?>(StringComparer.Ordinal);
        if (Text(UnkId) is { } unk)
            variables["unk_token"] = unk;
        if (Text(PadId) is { } pad)
            variables["pad_token"] = pad;
        return new ChatTemplateOptions
        {
            AddGenerationPrompt = addGenerationPrompt,
            BosToken = Text(BosId),
            EosToken = Text(EosId),
            Variables = variables,
        };

        string? Text(int? id) => id is { } known ? IdToToken(known) : null;
    }
}
