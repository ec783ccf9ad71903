namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>Python's tuple.</summary>
/// <param name="items">Its elements.</param>
internal sealed class JinjaTuple(IReadOnlyList<object?> items)
{
    /// <summary>Its elements.</summary>
    public IReadOnlyList<object?> Items { get; } = items;
}
