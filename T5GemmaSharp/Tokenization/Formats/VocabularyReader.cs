using System.Text;
using System.Text.Json;
using T5GemmaSharp.Tokenization.Bpe;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>Reads the vocabulary and the merges of a <c>tokenizer.json</c> straight from its bytes, without a string for each.</summary>
/// <param name="file">The file's name, for messages.</param>
/// <param name="pieces">Receives the vocabulary.</param>
internal sealed class VocabularyReader(string file, PieceTableBuilder pieces)
{
    /// <summary>Largest id of a token.</summary>
    public const int MaximumId = 1 << 24;

    private char[] _text = new char[1024];

    /// <summary>Reads <c>{"piece": id, ...}</c>.</summary>
    public void ReadVocabulary(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Fault("model.vocab", $"expected an object, got {reader.TokenType}");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var piece = _text.AsSpan(0, Copy(ref reader, at: 0));
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var id) || id is < 0 or > MaximumId)
                throw Fault($"model.vocab[{Quote(piece)}]", $"expected an integer from 0 to {MaximumId}, got {Show(ref reader)}");
            if (!pieces.TryAdd(piece, id))
                throw Fault($"model.vocab[{Quote(piece)}]", "expected one id, the piece is there twice");
        }
    }

    /// <summary>Reads <c>["a b", ...]</c>, as older files write merges, or <c>[["a", "b"], ...]</c>, as newer ones do.</summary>
    public List<Merge> ReadMerges(ReadOnlySpan<byte> json)
    {
        var merges = new List<Merge>();
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Fault("model.merges", $"expected an array, got {reader.TokenType}");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var (left, right) = reader.TokenType switch
            {
                JsonTokenType.String => CopyText(ref reader, merges.Count),
                JsonTokenType.StartArray => CopyPair(ref reader, merges.Count),
                _ => throw NotTwoPieces(merges.Count, Show(ref reader)),
            };
            merges.Add(new Merge(
                Find(_text.AsSpan(0, left), merges.Count),
                Find(_text.AsSpan(left, right), merges.Count),
                Find(_text.AsSpan(0, left + right), merges.Count)));
        }

        return merges;
    }

    // Both leave the two parts side by side, so that the product is there too, and return their lengths.
    private (int Left, int Right) CopyText(ref Utf8JsonReader reader, int rank)
    {
        var text = _text.AsSpan(0, Copy(ref reader, at: 0));
        var space = text.IndexOf(' ');
        if (space <= 0 || space == text.Length - 1 || text[(space + 1)..].Contains(' '))
            throw NotTwoPieces(rank, Quote(text));
        text[(space + 1)..].CopyTo(text[space..]);
        return (space, text.Length - space - 1);
    }

    private (int Left, int Right) CopyPair(ref Utf8JsonReader reader, int rank)
    {
        Span<int> lengths = stackalloc int[2];
        var total = 0;
        foreach (ref var length in lengths)
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.String || reader.ValueSpan.IsEmpty)
                throw NotTwoPieces(rank, Show(ref reader));
            length = Copy(ref reader, at: total);
            total += length;
        }

        return reader.Read() && reader.TokenType == JsonTokenType.EndArray ? (lengths[0], lengths[1]) : throw NotTwoPieces(rank, Show(ref reader));
    }

    private int Find(ReadOnlySpan<char> piece, int rank)
    {
        var id = pieces.Find(piece);
        return id != PieceTable.NotFound ? id : throw Fault($"model.merges[{rank}]", $"expected pieces of model.vocab, which lacks {Quote(piece)}");
    }

    private int Copy(ref Utf8JsonReader reader, int at)
    {
        // Escapes and UTF-8 only ever become shorter.
        if (_text.Length - at < reader.ValueSpan.Length)
            Array.Resize(ref _text, 2 * (at + reader.ValueSpan.Length));
        return reader.CopyString(_text.AsSpan(at));
    }

    private TokenizerFormatException NotTwoPieces(int rank, string found) => Fault($"model.merges[{rank}]", $"expected two pieces, got {found}");

    private TokenizerFormatException Fault(string field, string problem) => new(file, field, problem);

    private static string Show(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Number or JsonTokenType.String => JsonField.Shorten(Encoding.UTF8.GetString(reader.ValueSpan)),
        var type => type.ToString(),
    };

    private static string Quote(ReadOnlySpan<char> text) => JsonField.Shorten(JsonSerializer.Serialize(text.ToString()));
}
