using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Training.Generation;

/// <summary>What is to be answered.</summary>
/// <param name="Place">Where it stands, for messages.</param>
/// <param name="Text">The text for the encoder; null when <paramref name="Turns"/> are given.</param>
/// <param name="Turns">A conversation for the encoder; null: a text is given.</param>
/// <param name="DecoderPrompt">How the answer begins; null: nothing is given.</param>
internal sealed record Prompt(string Place, string? Text, IReadOnlyList<ChatTurn>? Turns = null, string? DecoderPrompt = null);
