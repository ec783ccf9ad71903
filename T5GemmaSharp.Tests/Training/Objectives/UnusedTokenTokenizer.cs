using System.Text.Json.Nodes;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Training.Objectives;

/// <summary>The tiny tokenizer with Gemma's first 108 ids: <c>&lt;unused0&gt;</c> to <c>&lt;unused98&gt;</c> are 7 to 105, then the marks of turns.</summary>
internal static class UnusedTokenTokenizer
{
    public const int Eos = 1;
    public const int Bos = 2;

    private static readonly string[] Leading =
    [
        "<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "[@BOS@]", "<2mass>",
        .. Enumerable.Range(0, 99).Select(index => $"<unused{index}>"),
        "<start_of_turn>", "<end_of_turn>",
    ];

    private static readonly string[] Special = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"];

    public static T5GemmaTokenizer Instance { get; } = TinyTokenizer.Create(Json());

    /// <summary>An id of text: those of the leading tokens are not text.</summary>
    public static int TextId(int index) => 1000 + index;

    /// <summary>Ids of text, all different.</summary>
    public static int[] Text(int length) => [.. Enumerable.Range(0, length).Select(TextId)];

    private static JsonObject Json()
    {
        var json = TinyTokenizer.Json();
        string[] pieces = [.. Leading, .. TinyTokenizer.Pieces.Except(Leading)];
        json["model"]!["vocab"] = new JsonObject(pieces.Select((piece, id) => KeyValuePair.Create(piece, (JsonNode?)id))); // the tiny tokenizer has a model
        json["added_tokens"] = new JsonArray([.. Leading.Append("\n").Select(content => new JsonObject
        {
            ["id"] = Array.IndexOf(pieces, content),
            ["content"] = content,
            ["normalized"] = false,
            ["special"] = Special.Contains(content),
        })]);
        return json;
    }
}
