using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>A conversation.</summary>
/// <param name="Turns">
/// Its turns, of the roles <c>user</c> and <c>assistant</c> where the file uses Gemma's, OpenAI's or ShareGPT's names. A system turn in front has become the beginning
/// of the first user turn, since Gemma's format has none.
/// </param>
public sealed record ChatRow(IReadOnlyList<ChatTurn> Turns);
