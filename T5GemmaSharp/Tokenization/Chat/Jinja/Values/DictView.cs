namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>The keys, values or items of a dict.</summary>
/// <param name="Kind">Python's name of the view.</param>
/// <param name="Items">What it holds.</param>
internal sealed record DictView(string Kind, IReadOnlyList<object?> Items);
