using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Tokenization.Bpe;
using T5GemmaSharp.Tokenization.Formats;

namespace T5GemmaSharp.Tests.Tokenization;

/// <summary>A small tokenizer of Gemma's form: the special tokens, bytes (with a tab in place of byte 9), a few characters, merges and added tokens.</summary>
internal static class TinyTokenizer
{
    private static readonly string[] Added = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "\n", "\n\n", "▁▁", "<h1>", "<end_of_turn>"];
    private static readonly string[] Special = ["<pad>", "<eos>", "<bos>", "<unk>", "<end_of_turn>"];
    private static readonly string[] Characters = ["▁", "a", "b", "c", "d", "<", ">", "e", "o", "s", "é", "😀"];
    private static readonly string[] Merges = ["b c", "a b", "ab c", "a a", "▁ a", "▁a bc"];

    public static readonly IReadOnlyList<string> Pieces =
    [
        .. Added,
        .. Enumerable.Range(0, 256).Select(value => value == 9 ? "\t" : $"<0x{value:X2}>"),
        .. Characters,
        .. Merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal)),
    ];

    /// <summary>The file as a tree, to be damaged by a test.</summary>
    public static JsonObject Json(bool pairMerges = false)
    {
        var vocabulary = new JsonObject();
        for (var id = 0; id < Pieces.Count; id++)
            vocabulary[Pieces[id]] = id;
        var merges = new JsonArray([.. Merges.Select(merge => pairMerges ? new JsonArray([.. merge.Split(' ').Select(part => JsonValue.Create(part))]) : (JsonNode)JsonValue.Create(merge)!)]);
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray([.. Added.Select((content, id) => new JsonObject
            {
                ["id"] = id,
                ["content"] = content,
                ["normalized"] = false,
                ["special"] = Special.Contains(content),
            })]),
            ["normalizer"] = JsonNode.Parse("""{"type":"Replace","pattern":{"String":" "},"content":"▁"}"""),
            ["pre_tokenizer"] = JsonNode.Parse("""{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false}"""),
            ["post_processor"] = JsonNode.Parse("""{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<bos>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}]}"""),
            ["decoder"] = JsonNode.Parse("""{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}]}"""),
            ["model"] = new JsonObject { ["type"] = "BPE", ["byte_fallback"] = true, ["vocab"] = vocabulary, ["merges"] = merges },
        };
    }

    public static T5GemmaTokenizer Create(JsonNode? json = null, string? config = null)
        => T5GemmaTokenizer.FromJson(
            JsonSerializer.SerializeToUtf8Bytes(json ?? Json()),
            config is null ? null : Encoding.UTF8.GetBytes(config));

    /// <summary>The tables of the file.</summary>
    public static TokenizerTables Tables(JsonNode? json = null)
        => TokenizerJsonReader.Read(JsonSerializer.SerializeToUtf8Bytes(json ?? Json()), "tokenizer.json", new TokenizerSettings());

    /// <summary>The same tokenizer as a SentencePiece model. Scores fall with the rank of a piece's merge.</summary>
    public static SentencePieceModelWriter Model() => new()
    {
        Pieces = [.. Pieces.Select((piece, id) => new SentencePiece(piece == "\t" ? "<0x09>" : piece, ScoreOf(piece), TypeOf(piece, id)))],
    };

    public static int Id(string piece) => Pieces.ToList().IndexOf(piece);

    public static int[] Ids(params string[] pieces) => [.. pieces.Select(Id)];

    private static float ScoreOf(string piece)
        => -1f - Array.FindIndex(Merges, merge => merge.Replace(" ", "", StringComparison.Ordinal) == piece);

    private static SentencePieceType TypeOf(string piece, int id) => piece switch
    {
        "<unk>" => SentencePieceType.Unknown,
        "<pad>" or "<eos>" or "<bos>" => SentencePieceType.Control,
        _ when id < Added.Length => SentencePieceType.UserDefined,
        "\t" => SentencePieceType.Byte,
        _ when piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) => SentencePieceType.Byte,
        _ => SentencePieceType.Normal,
    };
}
