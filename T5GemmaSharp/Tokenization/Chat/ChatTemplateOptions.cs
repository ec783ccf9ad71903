namespace T5GemmaSharp.Tokenization.Chat;

/// <summary>What a template is told besides the conversation.</summary>
/// <remarks>HF: the arguments of <c>apply_chat_template</c>, and the special tokens that it adds to them.</remarks>
public sealed record ChatTemplateOptions
{
    /// <summary>Whether the text ends with the start of the answer; true by default. Hugging Face's default is false.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>Text of <c>bos_token</c>; null when there is none, which templates see as undefined.</summary>
    public string? BosToken { get; init; }

    /// <summary>Text of <c>eos_token</c>; null when there is none, which templates see as undefined.</summary>
    public string? EosToken { get; init; }

    /// <summary>More variables, such as <c>tools</c>, <c>documents</c> or <c>enable_thinking</c>; null: none. See <see cref="ChatTemplate.Render"/> for their types.</summary>
    public IReadOnlyDictionary<string, object?>? Variables { get; init; }

    /// <summary>The clock behind <c>strftime_now</c>; the system's by default.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
