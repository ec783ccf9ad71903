namespace T5GemmaSharp.Tokenization.Chat;

/// <summary>One message of a conversation.</summary>
/// <remarks>HF: a <c>{"role": ..., "content": ...}</c> entry of a conversation.</remarks>
/// <param name="Role">Who speaks: usually <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">What is said.</param>
public sealed record ChatTurn(string Role, string Content);
