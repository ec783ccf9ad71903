using T5GemmaSharp.Tokenization.Bpe;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>Collects added tokens, which join the vocabulary when they are not in it. A later entry for the same text decides whether it is special.</summary>
/// <param name="pieces">The vocabulary.</param>
internal sealed class AddedTokenList(PieceTableBuilder pieces)
{
    private readonly Dictionary<string, AddedToken> _tokens = new(StringComparer.Ordinal);

    /// <summary>The tokens in the order of their first entries.</summary>
    public IReadOnlyList<AddedToken> Tokens => [.. _tokens.Values];

    /// <summary>Adds a token.</summary>
    /// <exception cref="TokenizerFormatException">The text has another id already.</exception>
    public void Add(AddedTokenEntry entry)
    {
        var known = pieces.Find(entry.Content);
        if (known == PieceTable.NotFound)
            pieces.TryAdd(entry.Content, entry.Id);
        else if (known != entry.Id)
            entry.IdField.Reject($"{known}, the id of the same text in the vocabulary or earlier among the added tokens");
        Add(entry.Id, entry.Content, entry.IsSpecial);
    }

    /// <summary>Adds a token that a setting such as <c>bos_token</c> names as special, unless it is listed already.</summary>
    /// <exception cref="TokenizerFormatException">The text is not in the vocabulary.</exception>
    public void AddSpecial(JsonField name)
    {
        var content = name.String();
        var id = pieces.Find(content);
        if (id == PieceTable.NotFound)
            name.Reject("a token of the vocabulary");
        if (!_tokens.ContainsKey(content))
            Add(id, content, isSpecial: true);
    }

    /// <summary>Adds a piece of the vocabulary.</summary>
    public void Add(int id, string content, bool isSpecial) => _tokens[content] = new AddedToken(id, content, isSpecial);
}
